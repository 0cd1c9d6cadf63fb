"""Answers that take more than one row to make."""

from collections import defaultdict
from collections.abc import Sequence

from api.answers import MaterialView
from ledger.tables import MaterialRow


def material_views(rows: Sequence[MaterialRow]) -> list[MaterialView]:
    """Materials that also know what was made from them."""
    children: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for parent in row.parents:
            children[parent].append(row.id)
    return [MaterialView.model_validate({**row.model_dump(), "children": children[row.id]}) for row in rows]
