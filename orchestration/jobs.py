"""What can be run: take in what has arrived, or make everything anew."""

import dagster as dg

BUILD_TAGS = {"frontdesk/build": "yes"}
"""dagster.yaml lets one run with this tag go at a time."""

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    tags=BUILD_TAGS,
    description="Land what lies in the inbox, then build what is new, and test all.",
)

rebuild = dg.define_asset_job(
    "rebuild",
    selection=dg.AssetSelection.all(),
    config={"ops": {"warehouse": {"config": {"full_refresh": True}}}},
    tags=BUILD_TAGS,
    description="Land what lies in the inbox, then build every table from its start.",
)
