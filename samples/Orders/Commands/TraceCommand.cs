using EventSourcing;
using Orders.Domain;

namespace Orders.Commands;

/// <summary><c>trace ORDER --db FILE</c>: the operations that changed an order, each as a tree with all that followed, in other streams too.</summary>
internal static class TraceCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        var (stream, db) = (ShowCommand.StreamOf(args.Operand("the order")), args.Get("--db"));
        await using var store = Stores.OpenForReading(db);
        HashSet<Guid> shown = [];
        await foreach (var e in store.ReadStreamAsync(stream, cancellationToken: cancellationToken))
        {
            if (shown.Contains(e.EventId)) continue;
            var trace = await store.GetCausationTreeAsync(e.CorrelationId ?? e.EventId.ToString(), cancellationToken: cancellationToken);
            await screen.Out.WriteLineAsync(e.CorrelationId is null ? "without correlation" : $"correlation {Screen.OneLine(e.CorrelationId)}");
            foreach (var (depth, node) in trace.Flatten())
            {
                shown.Add(node.EventId);
                await screen.Out.WriteLineAsync(Screen.OneLine(TextOf(depth, node)));
            }

            if (!trace.IsComplete) await screen.Out.WriteLineAsync($"  … more than the {trace.Count} events shown");
        }

        return shown.Count > 0 ? 0 : throw new RefusedException($"there is no {stream} in {db}");
    }

    private static string TextOf(int depth, EventEnvelope e)
    {
        var cause = depth == 0 && e.CausationId is not null ? $"  because of {e.CausationId}" : "";
        return $"{new string(' ', 2 + (2 * depth))}{e.Position} {e.StreamId}@{e.Version} {e.Type} {e.OccurredAt ?? e.Timestamp:yyyy-MM-ddTHH:mm:ss.FFF}Z{(e.Actor is null ? "" : $"  by {e.Actor}")}{cause}";
    }
}
