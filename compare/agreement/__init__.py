"""Agreement: statistics of many runs against their predictions, and the reasons where they differ."""

from tegum.compare.agreement.cells import agreement as agreement
from tegum.compare.agreement.cells import boundary_curves as boundary_curves
from tegum.compare.agreement.cells import overall as overall
from tegum.compare.agreement.cells import places as places
from tegum.compare.agreement.cells import records_of as records_of
from tegum.compare.agreement.distance import NEAR as NEAR
from tegum.compare.agreement.intervals import wilson_interval as wilson_interval
from tegum.compare.agreement.statistics import statistics as statistics
from tegum.compare.agreement.why import why as why
