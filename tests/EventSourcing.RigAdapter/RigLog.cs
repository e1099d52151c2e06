using System.Text;
using EventSourcing.Sqlite;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace EventSourcing.RigAdapter;

/// <summary>The log under test, in the words of the rigs' protocol.</summary>
internal sealed class RigLog : IAsyncDisposable
{
    private const int SubscriptionPage = 500;

    private readonly SqliteEventLog _log;

    private RigLog(SqliteEventLog log) => _log = log;

    internal static RigLog Open(string path, Settings settings) => new(SqliteEventLog.Open(path, settings.ToOptions()));

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    /// <summary>Answers a request; false when its command is not known.</summary>
    internal async Task<bool> AnswerAsync(Request request, Replies replies, CancellationToken stop)
    {
        switch (request.Command)
        {
            case "append":
                replies.Write($"{request.Id} {await AppendAsync(request)}");
                break;
            case "readall":
                replies.Write(await ReadAsync(request.Id, null, request.Number(0), (int)request.Number(1)));
                break;
            case "readstream":
                replies.Write(await ReadAsync(request.Id, new StreamId(request.Text(0)), request.Number(1), (int)request.Number(2)));
                break;
            case "subscribe":
                await SubscribeAsync(request.Id, request.Number(0), replies, stop);
                break;
            case "consume":
                await ConsumeAsync(request.Text(0), request.Text(1), stop);
                break;
            case "check":
                var verification = await _log.VerifyAsync(stop);
                replies.Write($"{request.Id} {(verification.IsIntact ? "ok" : $"error corrupt {verification.Issues[0].ToString().ReplaceLineEndings(" ")}")}");
                break;
            case "checkpoint":
                Checkpoint();
                replies.Ok(request.Id);
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>The library's durable subscription; its handler writes one line per event to a file.</summary>
    private async Task ConsumeAsync(string name, string path, CancellationToken stop)
    {
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        // The rig's processes live for a fraction of a second: the lease of the one killed before has to pass on sooner than by default.
        await using var bus = new EventBus(new EventStore(_log, EventTypeMap.Empty), new() { LeaseTimeout = TimeSpan.FromMilliseconds(60) });
        await bus.SubscribeAsync(name, SubscriptionHandler.RawEach((e, _, _) =>
        {
            file.Write(Encoding.ASCII.GetBytes($"{e.Position} {e.StreamId}\n"));
            return Task.CompletedTask;
        }), new() { CheckpointEvery = 1000 }, stop);
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<string> AppendAsync(Request request)
    {
        var expected = request.Text(1) == "any" ? ExpectedVersion.Any : ExpectedVersion.Exactly(request.Number(1));
        var events = Payload.Batch(request.Text(4), (int)request.Number(2), (int)request.Number(3));
        try
        {
            var result = await _log.AppendAsync(new() { Writes = new[] { new StreamWrite(new(request.Text(0)), expected, events) } }, default);
            return $"ack {result.FirstPosition} {result.LastPosition} {result.Version}";
        }
        catch (WrongExpectedVersionException e)
        {
            return $"conflict {e.Mismatches[0].Actual}";
        }
    }

    // Page by page, through the end that the first page saw.
    private async Task<string> ReadAsync(string id, StreamId? stream, long after, int max)
    {
        var lines = new StringBuilder();
        var count = 0;
        RangeRead whole = stream is { } one ? new StreamRead(one) { AfterVersion = after } : new AllRead { AfterPosition = GlobalPosition.FromInt64(after) };
        if (max > 0)
        {
            await foreach (var e in _log.ReadEventsAsync(whole with { MaxCount = Math.Min(max, LogRead.MaxPage), ReuseBuffers = true }))
            {
                Describe(id, e, lines);
                if (++count == max) break;
            }
        }

        return lines.Append(id).Append(" end ").Append(count).ToString();
    }

    private async Task SubscribeAsync(string id, long after, Replies replies, CancellationToken stop)
    {
        var total = 0;
        try
        {
            while (true)
            {
                await _log.WaitAsync(GlobalPosition.FromInt64(after), stop);
                using var page = await _log.ReadAsync(new AllRead { AfterPosition = GlobalPosition.FromInt64(after), MaxCount = SubscriptionPage, ReuseBuffers = true }, stop);
                if (page.Events.IsEmpty) continue;
                var lines = new StringBuilder();
                total += Describe(id, page, lines);
                after = page.Events[^1].Position.ToInt64();
                replies.Write(lines.ToString(0, lines.Length - 1));
            }
        }
        catch (OperationCanceledException)
        {
            replies.Write($"{id} end {total}");
        }
    }

    private static int Describe(string id, LogPage page, StringBuilder lines)
    {
        foreach (ref readonly var e in page.Events) Describe(id, e, lines);
        return page.Events.Length;
    }

    private static void Describe(string id, in RecordedEvent e, StringBuilder lines) => lines.Append(id).Append(" ev ").Append(Payload.Describe(e)).Append('\n');

    // Another connection's checkpoint, as any tool may run one; the log's own happen inside its commits and when it closes.
    private void Checkpoint()
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _log.Path, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
        command.ExecuteNonQuery();
    }
}
