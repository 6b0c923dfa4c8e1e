"""The sample's agreements as rows, and such rows saved as different programs would."""

import csv
from pathlib import Path

from openpyxl import Workbook, load_workbook

from shared.local.paths import root

SAMPLE = root() / "deploy" / "sample"
Row = dict[str, str]


def agreements() -> list[Row]:
    with (SAMPLE / "agreements.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def save(path: Path, rows: list[Row], *, separator: str = ",", encoding: str = "utf-8") -> str:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def save_xlsx(path: Path, rows: list[Row]) -> str:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(list(rows[0]))
    for row in rows:
        # As a spreadsheet stores them: whole numbers as numbers, words for truth as truth.
        sheet.append([int(v) if v.isdigit() else {"yes": True, "no": False}.get(v, v) for v in row.values()])
    workbook.save(path)
    load_workbook(path).save(path)
    return str(path)
