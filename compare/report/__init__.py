"""Reports: HTML, LaTeX, BibTeX, JSON and figures of a study or of one comparison."""

from tegum.compare.report.comparison_report import write_comparison_report as write_comparison_report
from tegum.compare.report.study_report import write_study_report as write_study_report
