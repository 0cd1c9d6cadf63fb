"""The words of CBV 2.0 that we say or ask for, each in its bare form (`receiving`), as JSON-LD writes them.

Others may write a word as a URN or as a web address; `bare` gives the one form that we compare.
"""

import re

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
SCHEMA_VERSION = "2.0"
VERSION = "2.0.0"

EVENT_TYPES = ("ObjectEvent", "AggregationEvent", "TransformationEvent", "AssociationEvent")
"""The types that we know; a `TransactionEvent` and extended types are kept and not understood."""

_STEPS = """\
accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting decommissioning
departing destroying disassembling dispensing encoding entering_exiting holding inspecting installing killing loading
other packing picking receiving removing repackaging repairing replacing reserving retail_selling sampling
sensor_reporting shipping staging_outbound stock_taking stocking storing transporting unloading unpacking void_shipping
"""
_DISPOSITIONS = """\
active available completeness_inferred completeness_verified conformant container_closed container_open damaged
destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class mismatch_instance
mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other partially_dispensed recalled
reserved retail_sold returned sellable_accessible sellable_not_accessible stolen unavailable unknown
"""
_MEASUREMENTS = """\
AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Altitude AmountOfSubstance AmountOfSubstancePerUnitVolume
Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance Conductance Conductivity Count Density
Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity ElectricCharge ElectricCurrent ElectricCurrentDensity
ElectricFieldStrength Energy Exposure Force Frequency Illuminance Inductance Irradiance KinematicViscosity Length
LinearMomentum Luminance LuminousFlux LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass
MassConcentration MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power
Pressure RadiantFlux RadiantIntensity Radioactivity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume
Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction VolumetricFlux
Wavenumber
"""
BIZ_STEPS = frozenset(_STEPS.split())
DISPOSITIONS = frozenset(_DISPOSITIONS.split())
TRANSACTIONS = frozenset(
    "bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt".split()  # noqa: SIM905
)
PARTIES = frozenset({"owning_party", "possessing_party", "location"})
ERROR_REASONS = frozenset({"did_not_occur", "incorrect_data"})
MEASUREMENTS = frozenset(_MEASUREMENTS.split())
ALERTS = frozenset({"ALARM_CONDITION", "ERROR_CONDITION"})

_WRITTEN = re.compile(
    r"^(?:urn:epcglobal:cbv:(?:bizstep|disp|btt|sdt|er):"
    r"|https?://(?:ref\.|ns\.)?gs1\.org/(?:voc/|cbv/)(?:BizStep-|Disp-|BTT-|SDT-|ER-)"
    r"|cbv:(?:BizStep-|Disp-|BTT-|SDT-|ER-))(?P<word>[A-Za-z_]+)$"
)


def bare(word: str) -> str:
    """The bare form of a word of the CBV, however it was written; any other word as it is."""
    of_gs1 = word.removeprefix("gs1:")
    if of_gs1 in MEASUREMENTS | ALERTS:
        return of_gs1
    found = _WRITTEN.match(word)
    return found["word"] if found else word
