using System.Globalization;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.OpenLog;
using EventSourcing.Sqlite.Schema;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Sqlite.Verifying;

/// <summary>Examines the whole file, part by part. Each part goes in pages, each page one short snapshot; SQLite's own check alone takes one for all.</summary>
/// <remarks>Events and what belongs to them are only ever added, so that what pages see together up to one head belongs together.</remarks>
/// <param name="database">A connection of the verification's own.</param>
/// <param name="wanted">The tag rules that this process has stored; null where it stores none.</param>
/// <param name="cancellationToken">Ends the examination.</param>
internal sealed class Verifier(Database database, TagRuleSet? wanted, CancellationToken cancellationToken)
{
    private const int PageRows = 1024;

    private readonly IssueList _issues = new();

    /// <summary>As <see cref="IntegrityReport.JournalBytes"/>.</summary>
    internal long JournalBytes { get; init; }

    internal IntegrityReport Run()
    {
        while (true)
        {
            var generation = Number("SELECT value FROM es_log WHERE name = 'generation'");
            var verification = RunOnce();
            // What was erased or merged meanwhile looks like damage.
            if (verification.IsIntact || Number("SELECT value FROM es_log WHERE name = 'generation'") == generation) return verification;
            _issues.Clear();
        }
    }

    private IntegrityReport RunOnce()
    {
        long head = 0, names = 0;
        EventsVerifier? events = null;
        IndexVerifier? indexes = null;
        PositionalIds? ids = null;
        Part("the file", CheckStructure);
        Part("es_log", () => ids = CheckFacts());
        Part("the schema", CheckSchema);
        Part("es_promoted", CheckColumns);
        Part("es_captures", () => TableCaptures.FindUnreadable(database).ForEach(table => _issues.Add(TableCaptures.Unreadable, $"es_captures, table '{table}'")));
        Part("es_tag_rules", CheckTagRules);
        Part("es_events", () => head = Number("SELECT max(position) FROM es_events"));
        foreach (var table in new[] { Sql.Streams, Sql.Types, Sql.Tags, Sql.ContentTypes }) Part(table.Table, () => names += CheckNames(table));
        Part("es_events", () =>
        {
            events = new(database, ids, _issues, head);
            InPages(events.CheckPage);
            events.CheckTail();
        });
        Part("es_events_stream", () => InPages(new VersionsVerifier(database, _issues, head).CheckPage));
        Part("es_gaps", CheckGaps);
        Part("es_event_tags", () => InPages((indexes ??= new(database, _issues)).CheckTagsPage));
        Part("es_ids", () => InPages((indexes ??= new(database, _issues)).CheckIdsPage));
        Part("es_unfinished", CheckUnsealed);
        Part("es_inbox", CheckInbox);
        var records = 0L;
        Part("es_records", () => records = CheckRecords());
        return new(GlobalPosition.FromInt64(head), _issues.ToArray())
        {
            Events = events?.Examined ?? 0,
            Unsealed = events?.Unsealed ?? 0,
            Names = names,
            TagEntries = indexes?.Tags ?? 0,
            Ids = indexes?.Ids ?? 0,
            Records = records,
            JournalBytes = JournalBytes,
        };
    }

    // A part that SQLite cannot read is an issue, and the others are examined all the same.
    private void Part(string name, Action check)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_issues.IsFull) return;
        try
        {
            check();
        }
        catch (SqliteException e) when (SqliteErrors.IsDamage(e))
        {
            _issues.Add(e.Message, name);
            database.Reset();
        }
        catch (SqliteException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    private void InPages(Func<int, bool> checkPage)
    {
        while (!_issues.IsFull && checkPage(PageRows)) cancellationToken.ThrowIfCancellationRequested();
    }

    private void CheckStructure()
    {
        using var cancellation = cancellationToken.UnsafeRegister(static db => ((Database)db!).Interrupt(), database);
        database.ForEach("PRAGMA integrity_check", row =>
        {
            if (row.Text(0) is not "ok" and var message) _issues.Add(message, "the file");
        });
    }

    // Which one is damaged shows where it is not of its kind; for the rest there is the checksum over all.
    private PositionalIds? CheckFacts()
    {
        if (!LogFacts.AreIntact(database, SchemaScripts.Newest)) _issues.Add("the facts are not what was stored", "es_log");
        Check("schema", SchemaScripts.Newest, SchemaScripts.Newest);
        Check("generation", 1, long.MaxValue);
        Check("event_bytes", 1, int.MaxValue);
        return Check("id_key", 0, (1L << 62) - 1) is { } key ? new(key) : null;

        long? Check(string name, long least, long most)
        {
            using var fact = database.PrepareOnce(Sql.Fact);
            if (!fact.Bind(1, name).Step()) _issues.Add("the fact is missing", $"es_log, {name}");
            else if (!long.TryParse(fact.Text(0), NumberStyles.None, CultureInfo.InvariantCulture, out var value) || value < least || value > most)
                _issues.Add("the fact is not what the library wrote", $"es_log, {name}");
            else return value;
            return null;
        }
    }

    private void CheckSchema()
    {
        foreach (var issue in SchemaRepair.Issues(database)) _issues.Add(issue);
    }

    private void CheckColumns()
    {
        foreach (var name in EventsView.Columns(database))
            if (!EventsView.IsValid(name)) _issues.Add("no field of that name can be a column", $"es_promoted, '{name}'");
    }

    private void CheckTagRules()
    {
        foreach (var type in wanted?.MissingFrom(database) ?? []) _issues.Add(TagRuleSet.IssueOf(type));
    }

    private long CheckNames(Sql.Names table)
    {
        var (examined, last) = (0L, 0L);
        var page = database.Prepare($"SELECT id, checksum, name FROM {table.Table} WHERE id > ?1 ORDER BY id LIMIT ?2");
        InPages(rows =>
        {
            var count = 0;
            for (page.Bind(1, last).Bind(2, rows); page.Step(); count++)
            {
                last = page.Int64(0);
                if (!page.IsNull(1) && page.Int64(1) != Checksum.OfName(last, page.Bytes(2))) _issues.Add("the name is not what was stored", $"{table.Table}, id {last}");
            }

            examined += count;
            return count == rows;
        });
        return examined;
    }

    private void CheckGaps()
    {
        database.ForEach(Sql.VerifyGaps, row =>
        {
            var where = $"es_gaps, positions {row.Int64(0)} to {row.Int64(1)}";
            if (row.Int64(0) < 1 || row.Int64(1) < row.Int64(0)) _issues.Add("the gap ends before it begins", where);
            if (!row.IsNull(2)) _issues.Add($"the gap holds an event at position {row.Int64(2)}", where);
            if (row.Int64(3) != 0) _issues.Add("the gap begins inside another", where);
        });
    }

    private void CheckInbox()
    {
        if (Number("SELECT count(*) FROM es_inbox") != 0) _issues.Add("a row stands there, which opens the guards", "es_inbox");
    }

    private void CheckUnsealed() =>
        database.ForEach(Sql.VerifyUnsealed, row => _issues.Add("there is no event to be finalized", $"es_unfinished, position {row.Int64(0)}"));

    private long CheckRecords()
    {
        var (examined, kind, key) = (0L, 0L, "");
        var page = database.Prepare(Sql.VerifyRecords);
        InPages(rows =>
        {
            var count = 0;
            for (page.Bind(1, kind).Bind(2, key).Bind(3, rows); page.Step(); count++)
            {
                (kind, key) = (page.Int64(0), page.Text(1));
                var where = $"es_records, {(RecordKind)kind} '{key}'";
                if (page.Int64(3) != Checksum.OfRecord(kind, key, page.Int64(2), page.Bytes(4))) _issues.Add("the record is not what was stored", where);
                else if (!Enum.IsDefined((RecordKind)kind)) _issues.Add("there is no such kind of record", where);
            }

            examined += count;
            return count == rows;
        });
        return examined;
    }

    private long Number(string sql)
    {
        var statement = database.Prepare(sql);
        return statement.Scalar(0);
    }
}
