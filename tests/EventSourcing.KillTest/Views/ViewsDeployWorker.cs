using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.KillTest.Views;

/// <summary>A process that appends and reads, and declares the version that a line of its input names.</summary>
internal sealed class ViewsDeployWorker
{
    internal const int Writers = 8, Readers = 8, AppendsPerSecond = 100;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(10);

    private readonly EventStore _store;
    private readonly DeployedViews _views;
    private readonly CancellationTokenSource _stop = new();
    private long _reads, _failed, _other, _appends;

    private ViewsDeployWorker(EventStore store, DeployedViews views) => (_store, _views) = (store, views);

    /// <summary>Runs until the input ends, then says what it has counted.</summary>
    internal static async Task RunAsync(string folder)
    {
        await using var store = ViewsPlace.OpenStore(folder);
        await using var bus = new EventBus(store, new() { LeaseTimeout = ViewsPlace.LeaseTimeout });
        await using var views = new DeployedViews(bus);
        var worker = new ViewsDeployWorker(store, views);
        Console.WriteLine("active");
        Task[] working = [];
        while (await Console.In.ReadLineAsync() is { } line)
        {
            await worker.DeployAsync(int.Parse(line, CultureInfo.InvariantCulture));
            if (working.Length == 0) working = worker.Begin();
        }

        await worker._stop.CancelAsync();
        await Task.WhenAll(working);
        worker._stop.Dispose();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"counted {worker._reads} {worker._failed} {worker._other} {worker._appends}"));
    }

    private Task[] Begin() => [.. Enumerable.Range(0, Writers).Select(i => Task.Run(() => AppendAsync(new(i)))), .. Enumerable.Range(0, Readers).Select(i => Task.Run(() => ReadAsync(new(i))))];

    // Says how long it took until the version was read, and until it was read at the head of that moment.
    private async Task DeployAsync(int version)
    {
        var began = Stopwatch.GetTimestamp();
        var head = await _store.GetHeadAsync();
        await _views.DeployAsync(version);
        var (served, caughtUp) = await _views.ReadAsync(async (_, view) =>
        {
            await view.FindAsync("0");
            var first = Stopwatch.GetElapsedTime(began);
            await view.At(head).FindAsync("0");
            return (first, Stopwatch.GetElapsedTime(began));
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"serves {version} {served.TotalMilliseconds:F0} {caughtUp.TotalMilliseconds:F0}"));
    }

    private async Task AppendAsync(Random random)
    {
        var began = Stopwatch.GetTimestamp();
        for (var i = 1; !_stop.IsCancellationRequested; i++)
        {
            await _store.AppendAsync(Items.Stream(random.Next(ViewsWorker.Streams)), ExpectedVersion.Any, [new Stocked(Items.Group(random.Next(12)), random.Next(1, 100))]);
            Interlocked.Increment(ref _appends);
            var rest = TimeSpan.FromSeconds((double)i * Writers / AppendsPerSecond) - Stopwatch.GetElapsedTime(began);
            if (rest > TimeSpan.Zero) await Task.Delay(rest);
        }
    }

    private async Task ReadAsync(Random random)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _views.ReadAsync(async (version, view) =>
                {
                    Count(version, [await view.FindAsync(random.Next(ViewsWorker.Streams).ToString(CultureInfo.InvariantCulture))]);
                    Count(version, (await view.Where("group", Items.Group(random.Next(12))).PageAsync(20)).Rows);
                    return true;
                });
            }
            catch (Exception e)
            {
                Interlocked.Increment(ref _failed);
                ViewsCheck.Complain($"A read failed: {e}");
            }

            await Task.Delay(s_pause);
        }
    }

    private void Count(int version, IEnumerable<ItemRow?> rows)
    {
        Interlocked.Increment(ref _reads);
        if (rows.Any(row => row is not null && row.Version != version)) Interlocked.Increment(ref _other);
    }
}
