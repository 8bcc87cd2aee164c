"""The one error catalogue, and the exceptions that carry its codes.

    TrackerError                 anything with a code from CATALOGUE
    ├── InputError               what a person typed cannot be used            E2xxx
    ├── EnvironmentFault         this machine: disk, folder, lock, keyring     E1xxx, E3xxx
    └── ServerFault              between this machine and an answer
        ├── Unreachable          no answer, or none from Tracker: try later    E4xxx
        ├── SignInNeeded         the session is over: ask the person           E1xxx
        └── ServerRefusal        the server answered with a coded problem      any

An *expected* refusal of an action is not an exception but a value, `Refusal`.
`docs/errors.md` is printed from CATALOGUE (`python -m tracker.domain.errors`) and a
test compares the two, so support reads what the program says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the catalogue.

    `message` is the sentence for the person, `remedy` what they can do, `detail` the
    technical meaning for support. `status` is the HTTP status the server sends it with.
    """

    code: str
    message: str
    remedy: str
    detail: str
    status: int = 400
    retryable: bool = False


_ENTRIES = (
    # E1xxx: who you are
    Entry("E1001", "The name or the password is not right.",
          "Check both and try again; ask the owner of your workspace if they are right.",
          "Sign-in failed; the answer is the same for unknown names and disabled people.", 401),
    Entry("E1002", "Your session has ended.", "Sign in again; unsent changes are kept.",
          "Access token expired and could not be refreshed.", 401),
    Entry("E1003", "You are not signed in.", "Sign in, or set TRACKER_TOKEN.",
          "No token, or one the server does not know.", 401),
    Entry("E1004", "This account has been disabled.", "Ask the owner of your workspace.",
          "users.disabled_at is set.", 403),
    Entry("E1005", "Your role does not allow this.", "Ask an admin.",
          "The role of the caller is not sufficient for the route.", 403),
    Entry("E1006", "The monitor is for admins and owners.", "Use the employee window: tracker.",
          "Scope `monitor` asked for by an EMPLOYEE.", 403),
    Entry("E1007", "This machine has no keyring to keep the sign-in.",
          "Set TRACKER_TOKEN, made by `tracker-server create-token`.",
          "keyring found no usable backend; tokens are never written to plain files."),
    Entry("E1008", "The token belongs to another person than this profile.",
          "Sign in as the person of this profile, or make a new profile.",
          "The user of the token differs from profile.json.", 403),
    Entry("E1009", "Signing in failed too often.", "Wait, then try again.",
          "Failures of this name or from this address within 15 minutes; Retry-After says how long.",
          429, True),
    Entry("E1010", "The old password is not right.", "Check it and try again.",
          "POST /session/password; counts as a failed sign-in.", 403),
    Entry("E1011", "There is no such session.", "Look at the list of your sessions.",
          "Unknown session id, another person's, or one that has ended.", 404),
    Entry("E1012", "Too many requests came from here.", "Wait, then go on more slowly.",
          "More than the server's request rate; Retry-After says how long.", 429, True),
    # E2xxx: what was entered
    Entry("E2001", "A title is needed.", "Enter a title.", "title is empty after trimming.", 422),
    Entry("E2002", "The text is too long.", "Shorten the text.",
          "A text field is over its limit; the field names it.", 422),
    Entry("E2003", "Progress must be a whole number from 0 to 100.", "Enter 0 to 100.",
          "percent is not an int in 0..100 (bool and float are refused).", 422),
    Entry("E2004", "The date or time cannot be understood.",
          "Use 2026-12-31 or 2026-12-31 17:00.", "Not an ISO 8601 date or instant.", 422),
    Entry("E2005", "The value is not one of the choices.", "Choose one of the listed values.",
          "Not a member of the enumeration of that field.", 422),
    Entry("E2006", "This is not the id of a thing in Tracker.", "Copy the id from the list.",
          "Not a UUID (or number, where numbers are accepted).", 422),
    Entry("E2007", "The server address needs http:// or https:// in front.",
          "Enter it like https://tracker.example.com.", "No scheme, or no host, in the URL.", 422),
    Entry("E2008", "The text holds a character that cannot be stored.", "Remove it and try again.",
          "NUL or a lone surrogate.", 422),
    Entry("E2009", "A comment cannot be empty.", "Write something first.", "text is empty.", 422),
    Entry("E2010", "The share of responsibility must be from 0 to 100.", "Enter 0 to 100.",
          "percent of an assignment out of range.", 422),
    Entry("E2011", "The kind of change is not known.", "Update Tracker on the server.",
          "Action kind outside the enumeration.", 422),
    Entry("E2012", "The change was made in a format that is no longer or not yet understood.",
          "Update Tracker; the change is kept.", "Action schema number unsupported.", 422),
    Entry("E2013", "The request cannot be read.", "Report this with the trace id.",
          "Body is not the JSON the route declares; errors name the fields.", 422),
    Entry("E2014", "The request is too large.", "Send less at a time.",
          "Body over the limit of the route.", 413),
    Entry("E2015", "The estimate must be from 1 minute to 100,000 minutes.", "Enter minutes.",
          "estimated_minutes out of range.", 422),
    Entry("E2016", "At least one person is needed.", "Choose who does the task.",
          "assignees is empty.", 422),
    Entry("E2017", "A required value is missing.", "Fill in the named field.",
          "A key of the arguments is absent or of another type.", 422),
    Entry("E2018", "The command cannot be used like that.", "See tracker --help.",
          "argparse refused the command line.", 400),
    Entry("E2019", "Beyond this machine the server needs TLS.",
          "Give --tls-cert and --tls-key, or put a TLS proxy in front and add --behind-proxy.",
          "serve --host is not a loopback address.", 400),
    Entry("E2020", "The database has no such role for the server.",
          "CREATE ROLE … LOGIN, name it in TRACKER_DATABASE_URL and migrate again.",
          "The user of TRACKER_DATABASE_URL is not in pg_roles.", 400),
    Entry("E2021", "A file of this name exists already.",
          "Choose another name, or add --overwrite.", "export opens its file exclusively.", 409),
    Entry("E2022", "An attachment must be the address of a page or file.",
          "Use an address that begins with https://.",
          "Not http(s), longer than 2,000 characters, or with blanks.", 422),
    Entry("E2023", "The amount of money cannot be used.", "Enter a whole number of cents.",
          "revenue_cents is no integer within 10^13.", 422),
    Entry("E2024", "Time worked must be from 1 minute to 24 hours.",
          "Enter minutes; below zero corrects an earlier entry.",
          "minutes is no integer from -1440 to 1440, or 0.", 422),
    Entry("E2025", "A rating is a whole number from 1 to 5.", "Enter 1 to 5.",
          "rating is no integer from 1 to 5.", 422),
    Entry("E2030", "Restoring needs to be confirmed.", "Add --yes.",
          "restore without a terminal to ask on.", 400),
    Entry("E2040", "The password can be guessed too easily.",
          "Take 10 characters or more, and not your name.",
          "A new password is shorter than 10 characters, or is the sign-in name.", 422),
    Entry("E2041", "The certificate cannot be used.",
          "Give PEM files: the chain with --tls-cert and its key with --tls-key.",
          "serve could not load the pair, or one of the two is missing.", 400),
    Entry("E2042", "The address and headers of the request are too large.", "Send less of them.",
          "Request line and headers are over the server's limit.", 431),
    Entry("E2043", "The server cannot listen there.",
          "Choose another port, or end the program that uses it.",
          "serve could not bind the address and port.", 400),
    Entry("E2044", "This is no address of a database.",
          "Set TRACKER_DATABASE_URL to sqlite:///FILE or postgresql://USER@HOST/NAME.",
          "The URL cannot be read, or names another kind of database.", 400),
    Entry("E2050", "Quiet hours need a beginning and an end.", "Enter both, like 22:00 and 07:00.",
          "quiet_hours_enabled without quiet_hours_start or quiet_hours_end.", 422),
    Entry("E2060", "This is not the address of a picture.",
          "Give one that begins with https://, or leave it empty.",
          "avatar_url is no http(s) address, or is over 500 characters.", 422),
    Entry("E2061", "The end is before the beginning, or more than a day after it.",
          "Give an end within 24 hours after the beginning.",
          "ended_at of an interval of occupancy.", 422),
    Entry("E2062", "This ends in the future.", "Set the clock of the device.",
          "ended_at, corrected by the clock offset, is over 5 minutes after the arrival.", 422),
    Entry("E2065", "The settings cannot be read.", "Mend the line it names, or remove the file.",
          "settings.toml is no TOML, or a value has the wrong type.", 400),
    Entry("E2064", "This is no link to a task.", "A link looks like tracker://task/ and an id.",
          "tracker open, or a link of another program, with no id or number in it.", 400),
    Entry("E2063", "This span of time cannot be asked for.", "Ask for 31 days at most.",
          "from is not before to, they are over 31 days apart, or too much lies between.", 422),
    Entry("E2070", "The file is no CSV text in UTF-8.", "Save it as CSV (UTF-8).",
          "Bytes that are no UTF-8, or quotes that do not end.", 422),
    Entry("E2071", "The columns of the file do not fit.", "Compare them with the documentation.",
          "A column is missing, double or not known, or a line has more cells.", 422),
    Entry("E2072", "The file has too many lines.", "Divide it.", "More than 5,000 tasks.", 422),
    Entry("E2073", "Some lines cannot be imported, so nothing was.",
          "Mend them, or import the others with partial=true.",
          "errors names each line and column.", 422),
    Entry("E2076", "A template has this name already.", "Choose another name.",
          "Saving or renaming a template; case does not matter.", 409),
    Entry("E2077", "A template needs a name of 1 to 80 characters.", "Enter a name.",
          "The name is empty, too long, or cannot be stored.", 422),
    Entry("E2078", "The file is larger than 2 MB.", "Divide it.",
          "More than spreadsheet.MOST_BYTES; nothing of it was read.", 413),
    Entry("E2075", "This place in the list is not known.", "Begin at the first page.",
          "cursor not signed here, of another reader, or of another filter or order.", 422),
    Entry("E2080", "The working hours cannot be used.",
          "Give each working day an opening and a later close, like 08:00 and 17:00.",
          "A day of the week, or the week or the holidays as a whole; the field names it.", 422),
    Entry("E2081", "What is promised cannot be used.",
          "Give each priority working hours or days, like 4h or 2d.",
          "Not 1h to 1000h or 1d to 365d; the field names it.", 422),
    # E3xxx: storage
    Entry("E3001", "The disk is full; nothing more can be saved.",
          "Free some space and try again. Nothing saved before was lost.",
          "SQLITE_FULL or ENOSPC at commit.", 507, True),
    Entry("E3002", "The file of unsent changes is damaged or cannot be opened.",
          "Start Tracker again: it sets the file aside and saves what can be read of it.",
          "outbox.db failed to open or to check.", 500),
    Entry("E3003", "The local copy was damaged and is fetched again.",
          "Nothing to do; unsent changes are kept.",
          "cache.db was set aside and rebuilt.", 500, True),
    Entry("E3004", "The local files were written by a newer Tracker.", "Update Tracker.",
          "user_version of outbox.db is above this build's.", 500),
    Entry("E3005", "Another Tracker is using this profile.", "Use the window that is open.",
          "The profile lock is held.", 409, True),
    Entry("E3006", "The folder for Tracker's data cannot be written.",
          "Choose another with --data-dir or mend its permissions.",
          "mkdir or open failed in the data folder.", 500),
    Entry("E3007", "The server's database is not reachable.", "Try again; tell your admin.",
          "Database driver raised OperationalError.", 503, True),
    Entry("E3008", "The server's database has not been migrated.",
          "Run tracker-server migrate.", "alembic_version is behind the code's head.", 503),
    Entry("E3009", "The database does not let the server's role do this.",
          "Run tracker-server migrate as the owner: TRACKER_OWNER_DATABASE_URL.",
          "SQLSTATE 42501, insufficient privilege.", 503, True),
    Entry("E3010", "The server's own role could rewrite the audit trail.",
          "Serve as a role that owns no table; name the owner in TRACKER_OWNER_DATABASE_URL, "
          "for tracker-server migrate alone.",
          "serve is, or knows how to sign in as, an owner of audit, its schema or the database.",
          500),
    Entry("E3011", "The file of unsent changes was damaged; what could be read was saved.",
          "Look at Waiting to send; the damaged file is kept beside it.",
          "outbox.db was set aside and salvaged row by row; a new device id.", 500),
    Entry("E3012", "The file could not be written.", "Choose another place for it.",
          "OSError while exporting.", 500),
    Entry("E3013", "An error in Tracker itself.",
          "Go on working; send your admin a diagnostic bundle.",
          "An unexpected exception in the window; the log has its stack.", 500),
    Entry("E3014", "Tracker ended unexpectedly the last time.",
          "Nothing that was saved is lost; a diagnostic bundle tells support why.",
          "crash.log of the run before is not empty: faulthandler wrote a stack.", 500),
    Entry("E3015", "There is no screen to show a window on.",
          "Start Tracker on a desktop, or use its commands: tracker --help.",
          "Neither DISPLAY nor WAYLAND_DISPLAY is set.", 500),
    Entry("E3016", "The printer did not take the pages.",
          "Look whether it is on, or export the list as PDF.",
          "QPainter.begin or newPage failed on the printer.", 500),
    Entry("E3017", "The folder could not be opened.", "Open it by hand: About Tracker says where it is.",
          "QDesktopServices found no program for it, or it is not there.", 500),
    Entry("E3018", "The file could not be read.", "Look whether it is there and yours to read.",
          "OSError while opening or reading a file that was chosen, or it is no file.", 400),
    Entry("E3019", "The file of your templates was damaged and set aside.",
          "Make them anew; what was in it is beside it.",
          "templates.json is no document of ours: renamed to templates.damaged-N.json.", 500),
    Entry("E3020", "The file is no backup of Tracker's server that can be read here.",
          "Choose one that tracker-server backup wrote for this kind of database.",
          "restore: not to be opened, or it lacks alembic_version or a table.", 400),
    Entry("E3021", "The backup was written by a newer Tracker.",
          "Update Tracker on the server, then restore it.",
          "alembic_version of the backup is not among the migrations of this build.", 409),
    Entry("E3022", "The database, or its copy, is damaged.",
          "Check the disk, and keep the backups from before.",
          "SQLite's integrity_check found something, or the file could not be read.", 500),
    Entry("E3023", "PostgreSQL's own programs for backups are not there, or too old.",
          "Install PostgreSQL's client programs, of the server's version or later.",
          "pg_dump or pg_restore, on PATH and in /usr/lib/postgresql/*/bin.", 500),
    Entry("E3024", "The database holds data already.",
          "Add --overwrite; what is there now is kept in a schema of its own.",
          "restore on PostgreSQL found tables in the current schema.", 409),
    Entry("E3025", "PostgreSQL's own program failed.", "Mend what it says and try again.",
          "pg_dump or pg_restore ended with another exit code than 0.", 500),
    Entry("E3026", "The database could not be migrated.",
          "Read why; the backup from before is kept.",
          "migrate --backup: the migration failed, or what came out of it was not whole.", 500),
    # E4xxx: network
    Entry("E4001", "The server cannot be reached.", "Tracker tries again by itself.",
          "Connection refused, reset, or name not resolved.", 503, True),
    Entry("E4002", "The server did not answer in time.", "Tracker tries again by itself.",
          "Connect, read or write timeout.", 504, True),
    Entry("E4003", "The answer did not come from Tracker.",
          "Check the address; a hotel or café network may want you to sign in first.",
          "No Tracker-Server header, another server's id, HTML, or a redirect.", 502, True),
    Entry("E4004", "The server had an internal error.",
          "Tracker tries again by itself; give your admin the trace id.",
          "Unhandled exception or 5xx.", 500, True),
    Entry("E4005", "The local copy no longer fits the server and is fetched again.",
          "Nothing to do; unsent changes are kept.",
          "Cursor of another scope or role, from before the feed was pruned, or not signed here: "
          "410.", 410, True),
    Entry("E4006", "This Tracker and the server speak different versions.", "Update Tracker.",
          "Tracker-Protocol header outside the supported range.", 426),
    Entry("E4007", "The server's certificate is not trusted.",
          "Check the address and the clock; ask your admin for the company certificate.",
          "TLS verification failed.", 495),
    Entry("E4008", "There is no such address on the server.", "Check the address.",
          "Route not found.", 404),
    Entry("E4009", "The address does not allow this method.", "Check the documentation.",
          "Method not allowed.", 405),
    Entry("E4010", "The server was restored from a backup.",
          "Nothing to do; what it may have lost is offered again from here.",
          "The mark or cursor is of another epoch, or proves that one has to begin: 410.",
          410, True),
    Entry("E4011", "The rows that arrived do not add up.",
          "Tracker fetches them again; tell your admin if this stays.",
          "Count, versions or checksums of a first pull differ from the server's.", 502, True),
    Entry("E4012", "Older history cannot be read now; what is here is shown.",
          "Try again when you are online and signed in.",
          "show --history got no page, or not all: no network, or the session is over.", 503, True),
    Entry("E4013", "The task was finished long ago and is not kept on this device.",
          "tracker show fetches it when you are online and signed in.",
          "cache.db holds only its stub: it was evicted beyond the bound.", 503, True),
    # E5xxx: the work itself
    Entry("E5001", "The task does not exist or is not shared with you any more.",
          "Ask the person who assigned it.", "Unknown task, or no access to it.", 404),
    Entry("E5002", "The task cannot go from its status to that one.",
          "Look at its status now.", "Transition not in the state machine.", 409),
    Entry("E5003", "The task was finished meanwhile.", "Reopen it to go on.",
          "Progress on a COMPLETED task.", 409),
    Entry("E5004", "Only an admin may change this.", "Ask an admin.",
          "domain.access refused the kind for the actor.", 403),
    Entry("E5005", "The task was cancelled meanwhile.",
          "Send what you wrote as a comment, or discard it.",
          "Action on a CANCELLED task.", 409),
    Entry("E5006", "There is no such person here.", "Choose someone from the list.",
          "user_id unknown in the tenant, or disabled.", 404),
    Entry("E5007", "There is no such project here.", "Choose one from the list.",
          "project_id unknown in the tenant.", 404),
    Entry("E5008", "It waits for an earlier change that was refused.",
          "Settle the earlier change first.", "blocked_by another op_id.", 409),
    Entry("E5009", "This profile was copied from another machine.",
          "Nothing to do; Tracker takes a new device id and sends again.",
          "(device_id, device_seq) was used by another op_id.", 409, True),
    Entry("E5010", "A change with the same id but other content was already received.",
          "Look at both under Needs attention.", "Fingerprint differs for a known op_id.", 409),
    Entry("E5011", "A task with subtasks takes its progress from them.",
          "Move the progress of a subtask.", "set_progress on a parent.", 409),
    Entry("E5012", "Something with this id exists already.", "Nothing to do.",
          "create_task or comment with an id in use.", 409),
    Entry("E5013", "The change refers to one the server has not received.",
          "Tracker sends it again after the other one.", "depends_on unknown: retry.", 409, True),
    Entry("E5014", "The task was archived meanwhile.", "Make a new task for what is left to do.",
          "Action on an ARCHIVED task.", 409),
    Entry("E5015", "This person is not on the task.", "Look at who is.",
          "unassign of someone who is not assigned.", 409),
    Entry("E5016", "A change that is on its way cannot be withdrawn or edited.",
          "Wait for the answer, then undo it or do it anew.", "first_attempt_at is set."),
    Entry("E5017", "The server failed at this change.",
          "Tracker tries it again; the changes after it go on. You can also give it up.",
          "An unexpected exception while deciding this action alone: retry.", 500, True),
    Entry("E5018", "The task is not known since the server was restored from a backup.",
          "Tracker waits up to 7 days for the device that made it.",
          "An action of another epoch on an unknown task, within 7 days: retry.", 409, True),
    Entry("E5019", "The change was given up.", "Nothing to do; what you wrote is kept as a draft.",
          "Withdrawn with void before the server had decided it.", 409),
    Entry("E5020", "No change in the queue has this id.", "Look at tracker queue --json.",
          "give-up or edit of an op_id, or the beginning of one, that fits none or several.", 404),
    Entry("E5021", "The change was done before it could be given up.",
          "Undo it with another change.", "The receipt of a void says applied or merged.", 409),
    Entry("E5022", "What was archived cannot be brought back.",
          "Make a new task for what is left to do.",
          "Undoing an archive that was sent: no transition leaves ARCHIVED.", 409),
    Entry("E5030", "The other task does not exist or is not shared with you.",
          "Choose one from the list.", "parent_id or needs_id names no task the person sees.", 409),
    Entry("E5031", "A task cannot be below itself.", "Choose another parent.",
          "The parent is the task, or below it.", 409),
    Entry("E5032", "The tasks would wait for each other.", "Choose another task to wait for.",
          "needs_id waits for the task already, or is it.", 409),
    Entry("E5033", "The task does not wait for that one.", "Look at what it waits for.",
          "undepend of no dependency.", 409),
    Entry("E5034", "You do not have to do this task.", "Ask an admin to assign it to you.",
          "accept by somebody who is no assignee.", 409),
    Entry("E5035", "The comment does not exist on this task.", "Look at its comments.",
          "comment_id or parent_id names no comment of the task.", 409),
    Entry("E5036", "Only who wrote a comment can change it.", "Write a comment of your own.",
          "edit_comment by another person.", 409),
    Entry("E5037", "The time worked cannot fall below zero.", "Look at the entries.",
          "minutes would make actual_minutes, or what an employee logged, negative.", 409),
    Entry("E5038", "Only a completed task can be rated.", "Rate it when it is done.",
          "rate of a task that is not COMPLETED.", 409),
    Entry("E5040", "There is no such notification.", "Look at the list of yours.",
          "Unknown, deleted, or another person's.", 404),
    Entry("E5041", "This person does not want to be told of that.", "Talk to them.",
          "Their preferences switch this type off, or all notifications in Tracker.", 409),
    Entry("E5042", "This line was refused before, and waits for you.",
          "Settle it under Needs attention: Retry tries it again.",
          "A line of an import whose action is in the tray.", 409),
    Entry("E5060", "This is the last owner who can sign in.",
          "Make somebody else an owner first.",
          "Disabling or demoting the only active owner of the tenant.", 409),
    Entry("E5061", "There is no such team here.", "Choose one from the list.",
          "team_id unknown in the tenant, or archived where somebody is to come into it.", 404),
    Entry("E5062", "It was changed meanwhile.", "Look at how it is now, and change it again.",
          "If-Match names another version than the present one; the answer has the state.", 412),
    Entry("E5063", "This person's activity is not shared with you.", "Ask an admin.",
          "Occupancy or devices of another person, asked for by an EMPLOYEE.", 404),
    Entry("E5070", "There is no such lead here.", "Look at the leads of your tasks.",
          "No task of this lead that the caller may see.", 404),
)  # fmt: skip

CATALOGUE: dict[str, Entry] = {entry.code: entry for entry in _ENTRIES}


def entry_of(code: str) -> Entry:
    """The entry of a code; for one a newer server made up, an entry that says so."""
    return CATALOGUE.get(code) or Entry(
        code, "The server gave a reason this Tracker does not know.", "Update Tracker.", "", 500
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action or an input was not accepted; a value, matched by the caller."""

    code: str
    field: str | None = None
    info: str = ""

    @property
    def message(self) -> str:
        """The sentence of the catalogue, with what is particular to this case behind it."""
        sentence = entry_of(self.code).message
        return f"{sentence} {self.info}".rstrip()


class TrackerError(Exception):
    """A fault with a code of the catalogue; str() is one sentence a person can act on."""

    def __init__(self, code: str, info: str = "") -> None:
        self.code = code
        self.info = info
        super().__init__(describe(code, info))

    @property
    def entry(self) -> Entry:
        return entry_of(self.code)


class InputError(TrackerError):
    """What a person typed cannot be used; `field` names it where a form has several."""

    def __init__(self, code: str, info: str = "", field: str | None = None) -> None:
        self.field = field
        super().__init__(code, info)


class EnvironmentFault(TrackerError):
    """This machine cannot do it now: a full disk, a locked or damaged file, no keyring."""


class ServerFault(TrackerError):
    """Something between this machine and an answer."""


class Unreachable(ServerFault):
    """No answer, or none that Tracker gave. `retry_after` in seconds, if it was asked for."""

    def __init__(self, code: str, info: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(code, info)


class SignInNeeded(ServerFault):
    """The session is over; the queue waits until the person signs in."""


class ServerRefusal(ServerFault):
    """A problem+json answer. `status` is its HTTP status, `field` names what of the request was
    wrong, `current` is how the thing is now where a precondition did not fit (E5062)."""

    def __init__(
        self,
        code: str,
        status: int,
        info: str = "",
        field: str | None = None,
        current: Mapping[str, object] | None = None,
    ) -> None:
        self.status, self.field, self.current = status, field, current
        super().__init__(code, info)


def describe(code: str, info: str = "") -> str:
    """`message (code). remedy` as one line, the form every command and log uses."""
    entry = entry_of(code)
    middle = f" {info}" if info else ""
    return f"{entry.message[:-1]} ({code}).{middle} {entry.remedy}"


def catalogue_markdown() -> str:
    """The catalogue as the document `docs/errors.md`."""
    head = (
        "# Error codes\n\n"
        "Printed from `tracker/domain/errors.py` by `python -m tracker.domain.errors`; "
        "do not edit by hand.\n\n"
        "E1 sign-in and rights, E2 input, E3 storage, E4 network, E5 the work itself.\n\n"
        "| code | what you read | what you can do | for support | HTTP | tried again |\n"
        "|---|---|---|---|---|---|\n"
    )
    rows = "".join(
        f"| {e.code} | {e.message} | {e.remedy} | {e.detail} | {e.status} | "
        f"{'yes' if e.retryable else 'no'} |\n"
        for e in _ENTRIES
    )
    return head + rows


if __name__ == "__main__":
    print(catalogue_markdown(), end="")
