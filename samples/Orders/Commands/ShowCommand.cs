using EventSourcing;
using Orders.Domain;
using Orders.Domain.Sales;
using Orders.Importing;
using Orders.Views;

namespace Orders.Commands;

/// <summary><c>show ORDER --db FILE [--version N | --at TIME]</c>: an order now begins with its summary, which is an inline view.</summary>
internal static class ShowCommand
{
    internal static async Task<int> RunAsync(Arguments args, Screen screen, CancellationToken cancellationToken)
    {
        var (stream, version, time) = (StreamOf(args.Operand("the order")), args.FindNumber("--version"), args.FindTime("--at"));
        if (version is not null && time is not null) throw new UsageException("--version and --at exclude each other");
        var db = args.Get("--db");
        await using var store = Stores.OpenForReading(db);

        var last = (await store.GetStreamInfoAsync(stream, cancellationToken)).Version;
        if (last == 0) throw new RefusedException($"there is no {stream} in {db}");
        if (version > last) throw new RefusedException($"{stream} ends at version {last}; it has no version {version}");
        var text = Streams.IsOrder(stream)
            ? OrderText.Of(await FoldAsync<Order>(store, stream, version, time, cancellationToken))
            : OrderText.Of(await FoldAsync<Document>(store, stream, version, time, cancellationToken));
        await screen.Out.WriteLineAsync($"{stream}, {(time is { } at ? $"at {at:yyyy-MM-dd HH:mm:ss.FFFFFF}Z" : $"version {version ?? last} of {last}")}");
        if (version is null && time is null && await FindSummaryAsync(store, stream, cancellationToken) is { } summary) await screen.Out.WriteLineAsync(OrderText.Of(summary));
        await screen.Out.WriteLineAsync(text);
        return 0;
    }

    /// <summary>The summary of an order; null for what is none, and in a file that cannot be written.</summary>
    private static async Task<SummaryRow?> FindSummaryAsync(IEventStore store, StreamId stream, CancellationToken cancellationToken)
    {
        await using var views = ShopViews.SummariesOn(store);
        try
        {
            // What was appended in SQL, or by a program without the view, is handled here; what this program's own appends wrote is there.
            await views.CatchUpAsync(cancellationToken);
        }
        catch (StoreReadOnlyException)
        {
            return null;
        }

        return await views.View<SummaryRow>().FindAsync(stream.Value, cancellationToken);
    }

    /// <summary>The state of a stream: now, at a version, or made of the events that had happened by a time.</summary>
    internal static async Task<TState> FoldAsync<TState>(
        IEventStore store, StreamId stream, long? version, DateTimeOffset? time, CancellationToken cancellationToken) where TState : IState<TState>
    {
        if (time is not { } at) return (await store.LoadAsync<TState>(stream, version, cancellationToken)).State;
        // An event reported late lies behind later ones, so this is a filter and not the beginning of the stream.
        var happened = new ReadStreamOptions { Filter = EventFilter.Where(e => (e.OccurredAt ?? e.Timestamp) <= at) };
        var state = TState.Create();
        await foreach (var e in store.ReadStreamAsync(stream, happened, cancellationToken)) state = state.Apply(e.Data);
        return state;
    }

    // An invoice number, else the name of a stream.
    internal static StreamId StreamOf(string order)
    {
        if (InvoiceNumber.TryParse(order, out var kind)) return InvoiceNumber.StreamOf(order, kind);
        foreach (var category in (string[])["order", "createOrder", "creditnote", "adjustment"])
            if (order.StartsWith($"{category}-", StringComparison.Ordinal) && order.Length <= 100 && !order.Any(char.IsControl)) return order;
        throw new UsageException($"'{order}' is neither an order's number nor its stream");
    }
}
