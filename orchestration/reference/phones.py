"""Writes the numbering rules of the countries we serve as a Jinja macro."""

from pathlib import Path

from phonenumbers import PhoneMetadata

REGIONS = (
    *("CN", "HK", "MO", "TW", "GB", "IE", "US", "CA", "AU", "NZ", "SG", "MY", "TH"),
    *("VN", "ID", "PH", "JP", "KR", "IN", "DE", "FR", "ES", "NL", "BE", "CH"),
)

_TYPES = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)

_HEAD = """\
{#
    Numbering rules of libphonenumber, written by `frontdesk reference`: the list of
    regions is in orchestration/reference/phones.py. Per region: calling code, national
    prefix, and the pattern of a valid national number.
#}
{% macro phone_rules() %}
    {{ return([
"""


def valid_pattern(metadata: PhoneMetadata) -> str:
    """Return one pattern that matches exactly the valid national numbers."""
    patterns = []
    for kind in _TYPES:
        description = getattr(metadata, kind)
        pattern = description and description.national_number_pattern
        if pattern and pattern != "NA" and pattern not in patterns:
            patterns.append(pattern)
    return "|".join(patterns)


def write_phone_rules(path: Path) -> int:
    """Write the macro file and return how many regions it holds."""
    lines = []
    for region in REGIONS:
        metadata = PhoneMetadata.metadata_for_region(region)
        prefix = metadata.national_prefix or ""
        lines.append(
            f"        {{'region': '{region}', 'code': '{metadata.country_code}',"
            f" 'prefix': '{prefix}',\n"
            f"         'pattern': {valid_pattern(metadata)!r}}},\n"
        )
    path.write_text(
        f"{_HEAD}{''.join(lines)}    ]) }}}}\n{{% endmacro %}}\n", encoding="utf-8"
    )
    return len(lines)
