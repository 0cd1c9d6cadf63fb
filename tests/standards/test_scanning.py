"""Whatever a scanner gives: read by its standard, told in parts, and never repeated where it could be a person's."""

import json
from datetime import UTC, date, datetime

import pytest
from biip.gs1_messages import GS1Message
from hypothesis import given
from hypothesis import strategies as st

from schemas.check_characters import ALPHANUMERIC, DIGITS, WITH_CHECK, mod_10
from schemas.gs1_keys import SERIAL
from schemas.identity import isbt_coi, new_coi
from schemas.labels import label_number
from standards.gs1 import full_year
from standards.parts import Check, Part, PartKind, Scan
from standards.scanning import MOST_CHARACTERS, scan

GTIN, SERIAL_NUMBER = "09506000134352", "BAG1"
SGTIN = f"01{GTIN}21{SERIAL_NUMBER}"
GS = "\x1d"
DIN = "A999921123456"
COI = isbt_coi("A9999", 2026, 7) or ""

gtins = st.text(DIGITS, min_size=13, max_size=13).map(lambda digits: digits + mod_10(digits))
serials = st.from_regex(SERIAL, fullmatch=True)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2070, 12, 31))


def only(text: str) -> Part:
    """The one part of a sound scan."""
    found = scan(text)
    assert found.problem is None
    (part,) = found.parts
    return part


def told(text: str) -> list[tuple[str, str | None]]:
    return [(part.kind.value, part.value) for part in scan(text).parts]


@pytest.mark.parametrize(
    "text",
    [
        f"]d2{SGTIN}",
        f"]C1{SGTIN}",
        f"]d2{GS}{SGTIN}",
        SGTIN,
        f"{SGTIN}\r\n",
        f"(01){GTIN}(21){SERIAL_NUMBER}",
        f"(01){GTIN} (21){SERIAL_NUMBER}",
        f"]d221{SERIAL_NUMBER}{GS}01{GTIN}",
        f"https://id.gs1.org/01/{GTIN}/21/{SERIAL_NUMBER}",
        f"https://labels.example/some/where/01/{GTIN}/21/{SERIAL_NUMBER}?utm=x",
        "urn:epc:id:sgtin:9506000.013435.BAG1",
    ],
)
def test_one_bag_is_the_same_in_every_spelling(text: str) -> None:
    part = only(text)
    assert (part.kind, part.value, part.check) == (PartKind.SGTIN, SGTIN, Check.PASSED)
    assert part.text == f"GTIN {GTIN}, serial {SERIAL_NUMBER}"


@pytest.mark.parametrize(
    "text",
    [
        f"]d201{GTIN}17271200" + f"10LOT-7{GS}21{SERIAL_NUMBER}",
        f"(01){GTIN}(17)271200(10)LOT-7(21){SERIAL_NUMBER}",
        f"https://id.gs1.org/01/{GTIN}/10/LOT-7/21/{SERIAL_NUMBER}?17=271200",
    ],
)
def test_a_label_tells_its_item_its_batch_and_its_expiry(text: str) -> None:
    assert sorted(told(text)) == [("batch", "LOT-7"), ("expiry", "2027-12-31"), ("sgtin", SGTIN)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("]C100095060001343520017", "sscc", "00095060001343520017"),
        ("urn:epc:id:sscc:9506000.0134352001", "sscc", "00095060001343520017"),
        ("]d28018950600013435200015", "gsrn", "8018950600013435200015"),
        ("urn:epc:id:gsrn:9506000.1343520001", "gsrn", "8018950600013435200015"),
        ("urn:epc:id:gsrnp:9506000.1343520001", "gsrn", "8017950600013435200015"),
        ("950600013435200015", "gs1_key", "950600013435200015"),
        ("9506000134352", "gtin", "9506000134352"),
        ("]E09506000134352", "gtin", "9506000134352"),
        ("4149506000134352", "gln", "9506000134352"),
        ("urn:epc:id:sgln:9506000.12345.0", "gln", "9506000123455"),
    ],
)
def test_keys_of_gs1_are_told_apart(text: str, kind: str, value: str) -> None:
    part = only(text)
    assert (part.kind, part.value, part.check) == (kind, value, Check.PASSED)


@given(gtins, serials, moments)
def test_element_strings_are_read_as_an_independent_reader_reads_them(gtin: str, serial: str, expiry: datetime) -> None:
    text = f"01{gtin}17{expiry:%y%m%d}10{serial}{GS}21{serial}"
    theirs = {each.ai.ai: each.value for each in GS1Message.parse(text).element_strings}
    item, day, batch = scan(f"]d2{text}").parts
    assert item.value == f"01{theirs['01']}21{theirs['21']}"
    assert (day.value, batch.value) == (f"{expiry:%Y-%m-%d}", theirs["10"])


@given(gtins, serials)
def test_what_is_rendered_in_any_way_is_read_as_what_it_was(gtin: str, serial: str) -> None:
    assert told(f"]d201{gtin}21{serial}") == [("sgtin", f"01{gtin}21{serial}")]
    assert told(f"]d221{serial}{GS}01{gtin}") == [("sgtin", f"01{gtin}21{serial}")]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (f"]d201{GTIN[:-1]}321X", "wrong_check_character", "the check digit is 3 where 2 was expected"),
        (f"]d201{GTIN[:-1]}", "wrong_form", "the value of (01) GTIN is not of the form N2+N14; it is 13 characters"),
        (f"]d201{GTIN}17270230", "wrong_date", "there is no such day"),
        (f"]d2{SGTIN}{GS}ANNA", "unknown_application_identifier", "is at character 24"),
        ("urn:epc:class:lgtin:950600.013435.LOT-7", "wrong_form", "this is no LGTIN"),
        ("urn:epc:id:sgln:950600.12345.0", "wrong_form", "this is no SGLN"),
        ("&,1" + "0" * 18, "wrong_form", "zeros alone"),
        ("]d2", "empty", "nothing"),
        ("(9999)ANNA", "unknown_application_identifier", "(9999)"),
        ("urn:epc:id:sgtin:950.0.BAG1", "wrong_form", "this is no SGTIN"),
        ("=A99992112345677", "wrong_check_character", "the flags say 77 where 63 was expected"),
        ("=A9999O112345600", "wrong_character", "character 6 is not a digit"),
        ("=A9999", "wrong_length", "has 15 characters, and 5 are there"),
        ("=~ANNA", "unknown_data_structure", "begins at character 1"),
        ("&>0263660000", "wrong_date", "there is no such day"),
        ("&>0260612460", "wrong_date", "there is no such day or time"),
        ("A9999211234564", "wrong_check_character", "the check character is 4 where 3 was expected"),
        ("CLEW0000000000000000B", "wrong_check_character", "where A was expected"),
        ("CLEW000", "wrong_length", "should be 21"),
        (f"{COI[:-1]}{'A' if COI[-1] != 'A' else 'B'}", "wrong_check_character", "was expected"),
        ("&/CXA99992600000A", "wrong_form", "begin with CH"),
        (" ", "empty", "nothing was scanned"),
        ("A" * (MOST_CHARACTERS + 1), "too_long", "characters"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_of_it_is_used(text: str, code: str, said: str) -> None:
    found = scan(text)
    problems = [each for each in [found.problem, *(part.problem for part in found.parts)] if each]
    assert [each.code for each in problems] == [code]
    assert said in problems[0].detail
    assert not found.is_sound
    assert "ANNA" not in found.model_dump_json()
    assert [part for part in found.parts if part.problem and (part.value or part.lookups)] == []


@pytest.mark.parametrize(
    ("text", "check"),
    [
        (f"={DIN}00", Check.NONE),
        (f"={DIN}63", Check.PASSED),
        (f"{DIN}3", Check.PASSED),
        ("A9999 21 123456 3", Check.PASSED),
        ("a9999 21 123456 3", Check.PASSED),
        (f"]C0={DIN}00", Check.NONE),
    ],
)
def test_a_donation_number_is_the_same_scanned_and_typed(text: str, check: Check) -> None:
    part = only(text)
    assert (part.kind, part.value, part.check) == (PartKind.DONATION, DIN, check)
    assert part.text == "donation A9999 21 123456"


def test_a_bags_four_corners_in_one_symbol() -> None:
    """ISBT 128's compound message: donation, product, expiry, blood group."""
    assert told(f"=+04000={DIN}00=<S1295400&>0260611215=%5100") == [
        ("other", None),
        ("donation", DIN),
        ("product", "S1295400"),
        ("expiry", "2026-03-02T12:15"),
        ("person", None),
    ]


@pytest.mark.parametrize("text", [COI, COI.lower(), f"&/{COI}", f"]C0&/{COI}", f" {COI}\n"])
def test_our_id_is_known_as_written_as_typed_and_as_scanned(text: str) -> None:
    part = only(text)
    assert (part.kind, part.value, part.check) == (PartKind.COI, COI, Check.PASSED)
    assert set(part.lookups) == {COI, f"&/{COI}"}


def test_an_id_of_another_issuer_has_no_check_character() -> None:
    """Structure 040 leaves the last six characters to whoever issues it."""
    foreign = COI[:-1] + ("A" if COI[-1] != "A" else "B")
    part = only(f"&/{foreign}")
    assert (part.kind, part.value, part.check) == (PartKind.COI, foreign, Check.NONE)


def test_the_default_issuers_ids_are_known() -> None:
    coi = new_coi()
    assert (only(coi).value, only(coi.lower()).check) == (coi, Check.PASSED)


@pytest.mark.parametrize(
    ("year", "present", "meant"),
    [
        (76, 2026, 2076),
        (77, 2026, 1977),
        (99, 2026, 1999),
        (0, 2026, 2000),
        (0, 2050, 2100),
        (1, 2050, 2001),
        (1, 2051, 2101),
    ],
)
def test_two_digits_mean_the_year_that_is_nearer(year: int, present: int, meant: int) -> None:
    """GS1 General Specifications, 7.12: 51 to 99 years ahead is the century before, 50 to 99 back the one after."""
    assert full_year(year, date(present, 7, 1)) == meant


def test_what_expired_in_the_last_century_is_not_good_for_ever() -> None:
    year = datetime.now(UTC).year
    for meant in (year - 45, year - 1, year, year + 45):
        assert told(f"]d217{meant % 100:02}1231") == [("expiry", f"{meant}-12-31")]
    assert told("=>999001") == [("expiry", "1999-01-01")]


def test_a_lots_own_zeros_are_looked_for_too() -> None:
    part = only("&,1" + "00123".zfill(18))
    assert part.value == "123" and part.lookups[:3] == ("123", "0123", "00123")
    assert len(part.lookups) == 16 and part.lookups[-1] == "123".zfill(18)


@pytest.mark.parametrize("symbology", ["]C1", "]e0", "]d2", "]Q3", "]J1"])
def test_a_symbol_of_gs1_is_known_by_its_symbology(symbology: str) -> None:
    """What it says could be anything by itself."""
    assert told(f"{symbology}10LOT-7") == [("batch", "LOT-7")]
    assert told("10LOT-7") == [("unrecognised", None)]


def test_whom_to_pay_is_no_place() -> None:
    assert told("]d24159506000134352") == [("other", None)]


@given(moments)
def test_an_expiry_of_isbt_128_is_read_back(moment: datetime) -> None:
    part = only(f"&>0{moment:%y%j%H%M}")
    assert part.value == f"{moment:%Y-%m-%dT%H:%M}"
    assert only(f"=>0{moment:%y%j}").value == f"{moment:%Y-%m-%d}"


@pytest.mark.parametrize(
    ("text", "kind", "lookups"),
    [
        ("http://hospital.example/mrn|4711", "reference", ("4711",)),
        ("urn:oid:1.2.276.0.76|4711", "reference", ("4711",)),
        ("urn:oid:1.2.276.0.76.4", "reference", ("urn:oid:1.2.276.0.76.4",)),
        ("https://ehr.example/fhir/Specimen/S-1", "reference", ("S-1",)),
        ("https://ehr.example/fhir/Patient?identifier=http://x.example|4711", "person", ("4711",)),
        ("https://ehr.example/fhir/Patient/4711", "person", ("4711",)),
    ],
)
def test_references_of_fhir_are_looked_up_and_not_repeated(text: str, kind: str, lookups: tuple[str, ...]) -> None:
    part = only(text)
    assert (part.kind, part.value, part.lookups) == (kind, None, lookups)
    assert "4711" not in part.model_dump_json()


@pytest.mark.parametrize(
    "text",
    [
        "Lindqvist, Anna *1961-04-02",
        "ANNA-LINDQVIST",
        "&#0206LINDQV",
        "=#0019610402",
        "=;A99990000000LINDQVIST",
        "='A9999LINDQV",
        "http://x.example/Patient/LINDQVIST",
        "]d291LINDQVIST",
        "(91)LINDQVIST",
    ],
)
def test_a_wristband_is_never_repeated(text: str) -> None:
    said = json.dumps(scan(text).model_dump(mode="json"))
    assert not any(each in said.upper() for each in ("LINDQV", "ANNA", "1961"))


@pytest.mark.parametrize("prefix", [None, "4012345"])
def test_a_label_of_ours_says_whose_it_is_and_what_it_is_on(prefix: str | None) -> None:
    coi, number = new_coi(), label_number("LS7KQ2M9XW4D", 1)
    elements = {"8004": prefix + number} if prefix else {"93": number}
    elements |= {"91": coi, "92": "BAG-1"}
    as_people_read_it = "".join(f"({ai}){value}" for ai, value in elements.items())
    for text in (as_people_read_it, "]d2" + GS.join(map("".join, elements.items()))):
        found = [(each.kind, each.value, each.lookups[:1]) for each in scan(text).parts]
        assert found == [("label", number, (number,)), ("coi", coi, (coi,)), ("thing", "BAG-1", ("BAG-1",))]


@given(st.from_regex("[0-9A-HJKMNP-TV-Z]{10}", fullmatch=True), st.integers(1, 500))
def test_a_label_is_known_by_the_number_that_people_read_on_it(serial: str, place: int) -> None:
    number = label_number(f"LS{serial}", place)
    in_groups = " ".join(number[at : at + 4] for at in range(0, 16, 4))
    for text in (number, in_groups, in_groups.lower()):
        assert told(text) == [("label", number)]


@pytest.mark.parametrize("at", range(2, 16))
def test_a_slip_in_a_labels_number_is_told(at: int) -> None:
    number = label_number("LS7KQ2M9XW4D", 1)
    for other in set(WITH_CHECK if at == 15 else ALPHANUMERIC) - {number[at]}:
        (part,) = scan(number[:at] + other + number[at + 1 :]).parts
        assert part.kind == PartKind.LABEL and part.problem is not None
        assert part.problem.code == "wrong_check_character"


def test_what_another_company_keeps_in_its_own_identifiers_is_not_read_as_ours() -> None:
    number = label_number("LS7KQ2M9XW4D", 1)
    misread = number[:-1] + ("A" if number[-1] != "A" else "B")
    assert [each.kind for each in scan(f"(93){misread}(92)BAG-1").parts] == ["other", "other"]


TWO_VALUES = {
    "00": ("095060001343520017", "095060001343520024"),
    "01": (GTIN, "09506000134369"),
    "21": ("BAG1", "BAG2"),
    "8004": ("4012345" + label_number("LS7KQ2M9XW4D", 1), "4012345" + label_number("LS7KQ2M9XW4D", 2)),
    "8018": ("950600013435200015", "950600013435200022"),
    "91": (new_coi(), new_coi()),
    "92": ("BAG-1", "BAG-2"),
    "93": (label_number("LS7KQ2M9XW4D", 1), label_number("LS7KQ2M9XW4D", 2)),
}


@pytest.mark.parametrize("ai", TWO_VALUES)
def test_a_symbol_that_says_a_thing_twice_is_of_no_one_thing(ai: str) -> None:
    """Two labels under one scanner, or a misprint: neither value may win."""
    beside = {"21": f"01{GTIN}", "01": "21BAG1"}.get(ai)
    one, other = (f"{ai}{each}" for each in TWO_VALUES[ai])
    elements = [one, other, *([beside] if beside else [])]
    spellings = ["]d2" + GS.join(elements), GS.join(elements), GS + GS.join(elements)]
    spellings += ["".join(f"({ai}){each}" for each in TWO_VALUES[ai])]
    spellings += [one + other] if ai in ("00", "01") else []
    for text in spellings:
        found = scan(text)
        assert found.problem is not None and found.problem.code == "said_twice", text
        assert f"({ai}) stands here with two values" in found.problem.detail
        assert (found.parts, found.is_sound) == ((), False)


def test_a_value_that_comes_again_is_the_same_value() -> None:
    assert only(f"]d2{SGTIN}{GS}21{SERIAL_NUMBER}").value == SGTIN


@given(st.text(max_size=80) | st.text(alphabet="]dCQ12=&/<>#,%(){}|:?0189AHC \x1d", max_size=60))
def test_no_input_breaks_it(text: str) -> None:
    found = scan(text)
    assert Scan.model_validate(found.model_dump()) is not None
    for part in found.parts:
        assert not part.problem or (part.value is None and part.lookups == ())


@given(
    st.sampled_from(["]d2", "=", "&", "&/", "(01)", "urn:epc:id:sgtin:", "https://x/01/", "CLEW"]), st.text(max_size=40)
)
def test_no_rest_breaks_it(begin: str, rest: str) -> None:
    scan(begin + rest)


@given(st.text(WITH_CHECK, min_size=1, max_size=20))
def test_a_name_of_a_partners_own_is_looked_up_as_it_is(name: str) -> None:
    assert scan(f"X-{name}").parts[0].lookups == (f"X-{name}",)
