"""How long things take in real life, around the published medians, inside the due times of the shipped protocols.

A typical autologous CAR-T run is about 30 days from vein to vein. What is carried above freezing is carried quickly,
and a patient whose therapy the centre does not know is prepared quickly, because the product may be fresh.
"""

from partners.simulator.chance import days, hours, minutes

EVIDENCE = days(0.5, 2, 4)

COLLECTION_SLOT = days(7, 11, 13)
COLLECTION = hours(3, 4, 6)

QUICK_PICK_UP = hours(1, 2, 3)
QUICK_TRANSIT = hours(5, 9, 13)
QUICK_DELAY = hours(1, 2, 4)
PICK_UP = hours(3, 5, 8)
TRANSIT = hours(14, 19, 22)
DELAY = hours(2, 3, 5)
RECEIPT = minutes(15, 30, 60)

MANUFACTURE_START = hours(4, 12, 18)
STEPS = {
    "selection": hours(5, 8, 12),
    "activation": days(1, 1.5, 2),
    "transduction": days(0.8, 1, 1.5),
    "expansion": days(5.5, 7, 8),
}
HARVEST_AND_FILL = hours(6, 10, 14)
DISPOSITION = hours(4, 8, 12)

TESTS = {
    "viability": hours(1, 2, 5),
    "gram_stain": hours(1, 2, 4),
    "endotoxin": hours(1, 3, 6),
    "identity": hours(3, 5, 8),
    "potency": days(2.5, 3.5, 4.5),
    "sterility": days(4.5, 5, 5.5),
}
OTHER_TEST = hours(2, 4, 8)

ADMISSION = days(2, 3, 5)
CONDITIONING = days(3, 3, 3.2)
REST = days(2, 2.2, 3)
QUICK_ADMISSION = hours(2, 4, 6)
QUICK_CONDITIONING = hours(20, 26, 32)
QUICK_REST = hours(2, 4, 8)
THAW_TO_END = minutes(8, 15, 25)

VISIT_REPORT = hours(1, 6, 20)
MILESTONE = hours(12, 24, 48)

UNTIL_WITHDRAWAL = days(1, 15, 40)
DECISION = hours(0.5, 2, 6)
