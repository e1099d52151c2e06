using EventSourcing.EntityFrameworkCore;
using EventSourcing.KillTest.Views;

namespace EventSourcing.KillTest.Rows;

/// <summary>A process that runs the projection and, unless it is slow, appends.</summary>
internal static class RowsWorker
{
    internal const string Name = "stock-rows";
    internal const int Streams = 200;
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(2);

    internal static string Stream(int number) => $"item-{number}";

    internal static Stocked Event(Random random) => new("g", random.Next(1, 100));

    /// <summary>Runs until the input ends.</summary>
    internal static async Task RunAsync(string folder, TimeSpan pause)
    {
        await using var store = ViewsPlace.OpenStore(folder);
        await using var bus = new EventBus(store, new() { LeaseTimeout = ViewsPlace.LeaseTimeout });
        bus.StateChanged += static (name, state, error) => Console.WriteLine($"state {name} {state} {error?.Message.ReplaceLineEndings(" ")}");
        await bus.ProjectAsync(Name, new StockContexts(folder, pause), rows => rows.On<Stocked>((context, e, envelope, ct) => HandleAsync(context, e, envelope, pause, ct)), new() { CheckpointEvery = 20 });
        Console.WriteLine("active");
        using var stop = new CancellationTokenSource();
        var appending = pause > TimeSpan.Zero ? Task.CompletedTask : AppendAsync(store, new(Environment.ProcessId), stop.Token);
        while (await Console.In.ReadLineAsync() is not null)
        {
        }

        await stop.CancelAsync();
        await appending;
    }

    private static async Task HandleAsync(StockContext context, Stocked e, EventEnvelope envelope, TimeSpan pause, CancellationToken cancellationToken)
    {
        if (pause > TimeSpan.Zero)
        {
            Console.WriteLine("handling");
            await Task.Delay(pause / 50, cancellationToken);
        }

        var row = await context.Stock.FindAsync([envelope.StreamId.Value], cancellationToken);
        if (row is null) context.Stock.Add(row = new() { Id = envelope.StreamId.Value });
        row.Amount += e.Amount;
        row.Events++;
    }

    private static async Task AppendAsync(EventStore store, Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await store.AppendAsync(Stream(random.Next(Streams)), ExpectedVersion.Any, [Event(random)], CancellationToken.None);
            await Task.Delay(s_pace, CancellationToken.None);
        }
    }
}
