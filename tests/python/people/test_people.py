"""Records of people: what is read of them, and what can never stop a build."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestration.settings import UserError
from tests.python.warehouse import Warehouse

BUILD = ("run", "--select", "+int_records__unioned")
BUILD_AGAIN = ("run", "--select", "stg_people__records+3,+int_records__unioned")

PHONES = {
    # spelling, language: the one number meant
    ("13911223344", "zh"): "+8613911223344",
    ("１３９１１２２３３４４", "zh"): "+8613911223344",
    ("+86 139 1122 3344", "zh"): "+8613911223344",
    ("008613911223344", "en"): "+8613911223344",
    ("8613911223344", None): "+8613911223344",
    ("013911223344", "zh"): "+8613911223344",
    ("139-1122-3344", "fr"): "+8613911223344",
    ("\x01139\t11223344\x7f", "zh"): "+8613911223344",
    ("17012345678", "zh"): "+8617012345678",
    ("(0755)40817852", "zh"): "+8675540817852",
    ("021-77176946", "zh"): "+862177176946",
    ("+86 28 25105435", None): "+862825105435",
    ("0475498697", "en"): "+61475498697",
    ("+61 475 498 697", "en"): "+61475498697",
    ("0061475498697", "en"): "+61475498697",
    ("+61 (0)475 498 697", "en-AU"): "+61475498697",
    ("０４７５４９８６９７", None): "+61475498697",
    # a range that no list names yet
    ("0446 135 900", "en"): "+61446135900",
    ("08 5371 6369", "en"): "+61853716369",
    ("020 7946 0958", "en-GB"): "+442079460958",
    ("07911 123456", "en"): "+447911123456",
    ("(212) 555-0123", "en-US"): "+12125550123",
    ("138****9605", "zh"): None,
    ("１３８＊＊＊＊９６０５", "zh"): None,
    ("10086", "zh"): None,
    ("11111111111", "en"): None,
    ("12345678", "en"): None,
    ("anonymous", "zh"): None,
    ("未知号码", "en"): None,
    ("1" * 900, "zh"): None,
}
EMAILS = {
    "SAM.Brown@Example.ORG": "sam.brown@example.org",
    " s.a.m@gmail.com": "s.a.m@gmail.com",
    "sam@example.org.": "sam@example.org",
    "ｓａｍ＠ｅｘａｍｐｌｅ．ｏｒｇ": "sam@example.org",
    "sam@example。org": "sam@example.org",
    "Sam Brown <sam@example.org>": "sam@example.org",
    "sam+shop@example.org": "sam+shop@example.org",
    "sam at example": None,
    "@": None,
}
BIRTHS = {
    "1984-02-29": "1984-02-29",
    "1984/2/9": "1984-02-09",
    "１９８４年２月９日": "1984-02-09",
    "19840209": "1984-02-09",
    "1984.02.09": "1984-02-09",
    "1984-02-09 00:00:00": "1984-02-09",
    "1900-01-01": None,
    "1904-12-31": None,
    "2983-02-28": None,
    "1983-02-29": None,
    "1983-13-01": None,
    "09/02/1984": None,
    "yesterday": None,
    "0000-00-00": None,
}
MOMENTS = {
    "2026-01-05 09:30:00": "2026-01-05 09:30:00",
    "2026-01-31T09:30:00": "2026-01-31 09:30:00",
    "2026-01-05T09:30:00+08:00": "2026-01-05 01:30:00",
    "2026-01-30 09:30:00.5Z": "2026-01-30 09:30:00.5",
    "2026-01-05": "2026-01-05 00:00:00",
    "2026-02-30 09:30:00": None,
    "2026-01-05 24:30:00": None,
    "soon": None,
    "": None,
}
GENDERS = {"女": "female", "F": "female", " male ": "male", "M": "male", "x": None}
NAMES = {
    " 王 芳 ": "王 芳",
    "王\x02芳": "王 芳",
    "Ｓａｍ\u3000Brown\u200b": "Sam Brown",
    "\t\n": None,
}


def case(record_id: str, **values: object) -> dict[str, Any]:
    """Return a record with only these values beside what each must have."""
    return {
        "record_id": record_id,
        "channel": "crm",
        "occurred_at": "2026-01-05 09:30:00",
        **values,
    }


def cases() -> list[dict[str, Any]]:
    """Return a record for each spelling above."""
    return [
        *(
            case(f"phone-{n}", phone=phone, lang=language)
            for n, (phone, language) in enumerate(PHONES)
        ),
        *(case(f"email-{n}", email=email) for n, email in enumerate(EMAILS)),
        *(case(f"birth_date-{n}", birth_date=born) for n, born in enumerate(BIRTHS)),
        *(case(f"seen_at-{n}", occurred_at=seen) for n, seen in enumerate(MOMENTS)),
        *(case(f"gender-{n}", gender=gender) for n, gender in enumerate(GENDERS)),
        *(case(f"person_name-{n}", name=name) for n, name in enumerate(NAMES)),
    ]


@pytest.fixture(scope="module")
def people(
    make_warehouse: Callable[[], Warehouse], tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """Return a warehouse of such records, in two files and two builds."""
    folder = tmp_path_factory.mktemp("people")
    warehouse = make_warehouse()

    def write(name: str, *records: dict[str, Any]) -> list[tuple[str, Path]]:
        path = folder / name
        if name.endswith(".csv"):
            pd.DataFrame(records).to_csv(path, index=False)
        else:
            lines = (json.dumps(record, ensure_ascii=False) for record in records)
            path.write_text("\n".join(lines))
        return [("people", path)]

    first = [
        case("R1", name="张三", user_id="u1", cookie_id="ck1", batch="1"),
        case("R2", name="Sam Brown", loyalty_card="vip7", social_handle="@Sam "),
        case("R2", name="Sam B. Brown", loyalty_card="vip7"),
        # keys that look like those of other kinds of records
        case("ticket:T1", name="李四"),
        case("people:ticket:T1", name="王五"),
        case("   ", name="nobody"),
        case("", name="nobody"),
    ]
    warehouse.load(write("records.csv", *first, *cases()))
    warehouse.dbt(*BUILD)
    second = [
        case("R1", name="张三丰", user_id="u1", batch=9, mood="good"),
        {"record_id": "R3", "channel": None, "occurred_at": None, "name": {"a": 1}},
        case("ticket:T1", name="李四光", phone="13911223344"),
    ]
    warehouse.load(write("more.jsonl", *second))
    warehouse.dbt(*BUILD_AGAIN)
    return warehouse


def read(people: Warehouse, column: str) -> dict[str, Any]:
    """Return what was read of the records that are about one column."""
    shown = f"{column} at time zone 'UTC'" if column == "seen_at" else column
    found = people.frame(
        f"select record_id, ({shown})::text as found from cleaned.int_records__unioned"
        f" where starts_with(record_id, '{column}-')"
    )
    return {
        key: None if pd.isna(value) else value
        for key, value in zip(found["record_id"], found["found"], strict=True)
    }


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("phone", PHONES),
        ("email", EMAILS),
        ("birth_date", BIRTHS),
        ("seen_at", MOMENTS),
        ("gender", GENDERS),
        ("person_name", NAMES),
    ],
)
def test_every_spelling_is_read(
    people: Warehouse, column: str, expected: dict[Any, str | None]
) -> None:
    """Full width, control characters, any order of zeros; the unreadable is null."""
    found = read(people, column)
    wrong = {
        spelling: found[f"{column}-{number}"]
        for number, (spelling, meant) in enumerate(expected.items())
        if found[f"{column}-{number}"] != meant
    }
    assert wrong == {}


def test_only_a_missing_key_costs_a_record(people: Warehouse) -> None:
    """A key of nothing is unreadable, a key of spaces is refused; all others stay."""
    unreadable = people.value("select count(*) from raw_people._unreadable")
    refused = people.frame(
        "select record_id, rejection_reason from cleaned.int_people__judged"
        " where rejection_reason is not null"
    )
    kept = people.value("select count(*) from cleaned.int_people__cleaned")
    assert unreadable == 1
    assert refused.to_numpy().tolist() == [["   ", "blank_content"]]
    assert kept == 5 + len(cases())


def test_the_version_that_landed_last_counts(people: Warehouse) -> None:
    """In a file the later row, among files the later file, whole and alone."""
    found = people.frame(
        "select record_id, person_name, account_id, cookie_id, social_handle,"
        " loyalty_card from cleaned.int_records__unioned"
        " where record_id in ('R1', 'R2') order by record_id"
    ).replace({float("nan"): None})
    assert found.to_numpy().tolist() == [
        ["R1", "张三丰", "u1", None, None, None],
        ["R2", "Sam B. Brown", None, None, None, "VIP7"],
    ]


def test_keys_of_other_kinds_are_told_apart(people: Warehouse) -> None:
    """A record whose key begins as a ticket's is no ticket, in either build."""
    found = people.frame(
        "select record_id, person_name, phone from cleaned.int_records__unioned"
        " where record_id like '%%ticket:T1' order by record_id"
    ).replace({float("nan"): None})
    assert found.to_numpy().tolist() == [
        ["people:people:ticket:T1", "王五", None],
        ["people:ticket:T1", "李四光", "+8613911223344"],
    ]


def test_unknown_columns_are_kept_aside(people: Warehouse) -> None:
    """What no column is declared for stays beside the row."""
    extra = people.value(
        "select _extra from raw_people.records where _extra is not null"
    )
    assert extra == {"mood": "good"}


def test_a_file_of_something_else_is_refused(people: Warehouse, tmp_path: Path) -> None:
    """A list of keys and persons is no list of records."""
    path = tmp_path / "truth.csv"
    path.write_text("record_id,person_id\nR1,P1\n")
    with pytest.raises(UserError, match="is missing"):
        people.load([("people", path)])
