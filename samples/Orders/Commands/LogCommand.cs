using System.Text;
using System.Text.Json;
using EventSourcing.Storage;

namespace Orders.Commands;

/// <summary><c>log --db FILE [--type T] [--stream S] [--user U] [--last N]</c>: events as they are stored, one a line, fields separated by tabs.</summary>
internal static class LogCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        args.NoOperand();
        var (read, user, last) = (ReadOf(args), args.Find("--user"), args.FindNumber("--last"));
        await using var store = Stores.OpenForReading(args.Get("--db"));
        if (last is null)
        {
            await EachAsync(store.Log, read, user, long.MaxValue, e => screen.Out.WriteLine(TextOf(e)), cancellationToken);
            return 0;
        }

        var lines = new Stack<string>();
        await EachAsync(store.Log, read with { Direction = ReadDirection.Backward }, user, last.Value, e => lines.Push(TextOf(e)), cancellationToken);
        foreach (var line in lines) await screen.Out.WriteLineAsync(line);
        return 0;
    }

    // Below the typed store: events of types that this program does not know are shown like all others.
    private static async Task EachAsync(IEventLog log, RangeRead read, string? user, long count, Action<RecordedEvent> show, CancellationToken cancellationToken)
    {
        if (count == 0) return;
        read = read with { MaxCount = user is null ? (int)Math.Min(count, LogRead.MaxPage) : LogRead.MaxPage };
        await foreach (var e in log.ReadEventsAsync(read, cancellationToken))
        {
            if (!IsBy(user, e)) continue;
            show(e);
            if (--count == 0) return;
        }
    }

    private static bool IsBy(string? user, in RecordedEvent e)
    {
        if (user is null) return true;
        if (e.Metadata.IsEmpty) return false;
        using var metadata = JsonDocument.Parse(e.Metadata);
        return metadata.RootElement.ValueKind == JsonValueKind.Object && metadata.RootElement.TryGetProperty("actor", out var actor)
            && actor.ValueKind == JsonValueKind.String && actor.ValueEquals(user);
    }

    private static RangeRead ReadOf(Arguments args)
    {
        try
        {
            RangeRead whole = args.Find("--stream") is { } stream ? new StreamRead(stream) : new AllRead();
            return whole with
            {
                Query = args.Find("--type") is { } type ? LogQuery.OfTypes(type) : null,
                IncludeTags = false,
                ReuseBuffers = true,
            };
        }
        catch (ArgumentException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static string TextOf(RecordedEvent e)
    {
        var data = e.IsJson ? Screen.OneLine(Encoding.UTF8.GetString(e.Data.Span)) : $"{e.Data.Length} bytes, no JSON";
        return $"{e.Position}\t{e.StreamId}\t{e.Version}\t{e.Type}\t{e.OccurredAt ?? e.Timestamp:yyyy-MM-ddTHH:mm:ss.FFFFFF}Z\t{data}";
    }
}
