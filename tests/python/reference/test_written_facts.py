"""What is written into the project is what the libraries say; SQL reads it right."""

import random
from pathlib import Path

import jinja2
import phonenumbers
import psycopg
import pytest

from orchestration.reference import write_all
from orchestration.reference.phones import REGIONS
from orchestration.settings import ROOT

MACROS = ROOT / "macros" / "standardise"
SPELLINGS = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
)
KINDS = (
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
)
WIDE = {ord(letter): ord(letter) + 0xFEE0 for letter in "0123456789-()"}


def expression(macro: str, *arguments: str) -> str:
    """Return the SQL that a macro of ours writes; macros may call one another."""
    environment = jinja2.Environment(autoescape=False)
    answers: list[object] = []
    environment.globals["return"] = lambda value: answers.append(value) or ""
    for path in sorted(MACROS.glob("*.sql")):
        module = environment.from_string(path.read_text(encoding="utf-8")).module
        environment.globals[path.stem] = getattr(module, path.stem)
    # dbt hands on what a macro returns, plain Jinja only what it prints
    environment.globals["phone_rules"]()
    environment.globals["phone_rules"] = lambda: answers[0]
    return environment.from_string(
        (MACROS / f"{macro}.sql").read_text(encoding="utf-8")
    ).module.__dict__[macro](*arguments)


def made_up_numbers(count: int, seed: int) -> list[tuple[str, str]]:
    """Return spellings of numbers, right and slightly wrong ones, with their region."""
    dice = random.Random(seed)
    found = []
    while len(found) < count:
        region = dice.choice(REGIONS)
        example = phonenumbers.example_number_for_type(region, dice.choice(KINDS))
        if example is None:
            continue
        digits = "".join(
            dice.choice("0123456789") if place > 1 and dice.random() < 0.25 else digit
            for place, digit in enumerate(str(example.national_number))
        )
        if dice.random() < 0.1:
            digits = digits[:-1]
        number = phonenumbers.PhoneNumber(
            country_code=example.country_code, national_number=int(digits)
        )
        text = phonenumbers.format_number(number, dice.choice(SPELLINGS))
        if dice.random() < 0.2:
            text = text.translate(WIDE)
        found.append((text, region))
    return found


def by_library(text: str, region: str) -> str | None:
    """Return what the library makes of a spelling, in the regions that we keep."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    known = phonenumbers.region_code_for_number(number) in REGIONS
    if not (known and phonenumbers.is_valid_number(number)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def ask(dsn: str, query: str, rows: list[tuple[str, ...]]) -> list[object]:
    """Return the value of an expression over raw and region for each row."""
    with psycopg.connect(dsn) as connection:
        connection.execute("create temp table given (place int, raw text, region text)")
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into given values (%s, %s, %s)",
                [(place, *row) for place, row in enumerate(rows)],
            )
        found = connection.execute(f"select {query} from given order by place")
        return [row[0] for row in found]


@pytest.mark.parametrize("seed", [1, 2])
def test_phones_are_read_as_the_library_reads_them(
    warehouse_dsn: str, seed: int
) -> None:
    """Thousands of spellings in two dozen countries, zero differences."""
    query = expression("standardise_phone", "raw", "region")
    rows = made_up_numbers(2500, seed)
    found = ask(warehouse_dsn, query, rows)
    expected = [by_library(*row) for row in rows]
    different = [
        (*row, ours, theirs)
        for row, ours, theirs in zip(rows, found, expected, strict=True)
        if ours != theirs
    ]
    assert different == []
    assert sum(value is not None for value in expected) > 1000


def test_everyday_spellings_are_read(warehouse_dsn: str) -> None:
    """What people and systems here write."""
    query = expression("standardise_phone", "raw", "region")
    cases = {
        ("138-1234-5678", "CN"): "+8613812345678",
        ("8613812345678", "CN"): "+8613812345678",
        ("008613812345678", "GB"): "+8613812345678",
        ("０１０-６５５２ ９９８８", "CN"): "+861065529988",
        ("+44 (0)20 7946 0018", "CN"): "+442079460018",
        ("(020) 7946 0018 ext 12", "GB"): "+442079460018",
        ("07700 123", "GB"): None,
        ("无", "CN"): None,
        ("", "CN"): None,
    }
    assert ask(warehouse_dsn, query, list(cases)) == list(cases.values())


def test_emails_are_read(warehouse_dsn: str) -> None:
    """The address inside a spelling, lower case, or nothing."""
    query = expression("standardise_email", "raw")
    cases = {
        "Ann Lee <Ann.Lee@Example.COM>": "ann.lee@example.com",
        "ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ": "ann@example.com",
        "o'neil+shop@mail.example.co.uk": "o'neil+shop@mail.example.co.uk",
        "ann@localhost": None,
        "no address": None,
    }
    rows = [(text, "CN") for text in cases]
    assert ask(warehouse_dsn, query, rows) == list(cases.values())


def test_fingerprints_ignore_what_people_do_not_see(warehouse_dsn: str) -> None:
    """Case, width, space and punctuation make no other text; words do."""
    query = expression("text_fingerprint", "raw")
    same = ["我的快递 到哪了？", "我的快递到哪了", "我的快递，到哪了?!"]
    other = ["我的快递到哪里了", "Where is it", "ｗｈｅｒｅ is it?"]
    found = ask(warehouse_dsn, query, [(text, "") for text in same + other])
    assert len(set(found[:3])) == 1
    assert len(set(found)) == 3
    assert found[4] == found[5]


def test_the_files_are_what_the_libraries_say(tmp_path: Path) -> None:
    """Nobody edited them by hand, and the locked versions are the ones used."""
    (tmp_path / "macros" / "standardise").mkdir(parents=True)
    (tmp_path / "seeds").mkdir()
    for path, count in write_all(tmp_path).items():
        assert count > 20
        kept = ROOT / path.relative_to(tmp_path)
        assert path.read_bytes() == kept.read_bytes()
