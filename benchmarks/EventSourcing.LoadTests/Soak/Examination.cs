using System.Runtime.InteropServices;
using EventSourcing.Sqlite;

namespace EventSourcing.LoadTests.Soak;

/// <summary>Compares the log with the ledger when all is quiet.</summary>
internal sealed class Examination(SoakedLog log)
{
    // Who reports, so that each kind is shown.
    private const string Events = "events", Answers = "answers", Rows = "rows", File = "file";

    // Set in place of a position when its event was found.
    private const long Found = -2;

    private readonly long[] _positions = log.Ledger.Read();

    public async Task RunAsync()
    {
        var head = (await log.Store.GetHeadAsync()).ToInt64();
        await CompareEventsAsync(head);
        CompareRows(head);
        var verification = await ((SqliteEventLog)log.Store.Log).VerifyAsync();
        Expect(verification.IsIntact, File, $"the log is not intact: {string.Join("; ", verification.Issues.Take(5))}");
        Expect(verification.Events == head, File, $"{verification.Events} events were verified of {head}");
    }

    private async Task CompareEventsAsync(long head)
    {
        var last = 0L;
        var versions = new Dictionary<StreamId, long>();
        await foreach (var e in log.Store.ReadAllAsync())
        {
            if (e.Position.ToInt64() != ++last) Report(Events, $"{e} is at position {e.Position} in place of {last}");
            ref var version = ref CollectionsMarshal.GetValueRefOrAddDefault(versions, e.StreamId, out _);
            if (e.Version != ++version) Report(Events, $"{e} follows version {version - 1}");
            Compare(e);
            if (e.Data is Decided decided && decided.Seen != e.Version - 1) Report(Events, $"{e} was decided at version {decided.Seen}");
        }

        Expect(last == head, Events, $"{last} events were read of {head}");
        var lost = _positions.Count(p => p is not (Found or Ledger.NotAcknowledged));
        Expect(lost == 0, Answers, $"{lost} acknowledged events are not in the log, number {Array.FindIndex(_positions, p => p is not (Found or Ledger.NotAcknowledged))} for one");
    }

    private void Compare(EventEnvelope e)
    {
        var number = ((INumbered)e.Data).Number;
        ref var position = ref _positions[number];
        if (position == Found) Report(Answers, $"{e}, number {number}, is in the log twice");
        else if (position == Ledger.NotAcknowledged) Report(Answers, $"{e}, number {number}, is in the log, and nobody was answered for it");
        else if (position != Ledger.NotTold && position != e.Position.ToInt64()) Report(Answers, $"{e}, number {number}, is at position {e.Position}, where {position} was acknowledged");
        position = Found;
    }

    private void CompareRows(long head)
    {
        using var connection = Sql.Open(log.Path);
        var rows = Sql.Read(connection, $"SELECT count(*), count(DISTINCT position), coalesce(min(position), 0), coalesce(max(position), 0) FROM {RowsFollower.Table}");
        Expect(rows is [var count, var distinct, 1, var max] && count == head && distinct == head && max == head, Rows, $"rows, distinct, first and last are {string.Join(", ", rows)} where the head is {head}");
        var written = Sql.Read(connection, $"SELECT number FROM {Transactor.Table}");
        Expect(written.All(n => _positions[n] == Found), Rows, "a transaction's row is there without its event");
        var events = Sql.Read(connection, "SELECT count(*) FROM events WHERE data LIKE '%\"By\":\"transactor %'");
        Expect(written.Length == events[0] && written.Distinct().Count() == written.Length, Rows, $"transactors wrote {written.Length} rows and {events[0]} events");
    }

    private void Report(string who, string what) => log.Faults.Report(who, what);

    private void Expect(bool isTrue, string who, string what) => log.Faults.Expect(isTrue, who, what);
}
