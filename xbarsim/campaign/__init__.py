"""Many circuits: run once each, kept by content, resumed after any interruption."""

from xbarsim.campaign.case import CampaignCase as CampaignCase
from xbarsim.campaign.case import Cases as Cases
from xbarsim.campaign.case import DrawnCases as DrawnCases
from xbarsim.campaign.case import JoinedCases as JoinedCases
from xbarsim.campaign.case import drawn_cases as drawn_cases
from xbarsim.campaign.run import CampaignResult as CampaignResult
from xbarsim.campaign.run import run_campaign as run_campaign
from xbarsim.campaign.store import ResultStore as ResultStore
