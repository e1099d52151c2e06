using System.Globalization;
using EventSourcing.Sqlite;
using Microsoft.Data.Sqlite;

namespace EventSourcing.KillTest.Views;

/// <summary>A process that appends, inserts by SQL now and then, and runs the view sets. It rebuilds a set when a line of its input asks for it.</summary>
internal sealed class ViewsWorker
{
    internal const int Streams = 4_000;
    private const int InsertEvery = 20;
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(4);

    private readonly string _folder;
    private readonly ViewsPlace _place;
    private readonly CancellationTokenSource _stop = new();
    private volatile bool _isResting;

    private ViewsWorker(string folder, ViewsPlace place) => (_folder, _place) = (folder, place);

    /// <summary>Runs until the input ends.</summary>
    internal static async Task RunAsync(string folder)
    {
        await using var place = ViewsPlace.Open(folder);
        place.Bus.StateChanged += static (name, state, error) => Console.WriteLine($"state {name} {state} {error?.GetType().Name}");
        var worker = new ViewsWorker(folder, place);
        await place.Views.StartAsync();
        Console.WriteLine("active");
        var appending = worker.AppendAsync(new(Environment.ProcessId));
        await worker.ListenAsync();
        await worker._stop.CancelAsync();
        await appending;
        worker._stop.Dispose();
    }

    private async Task ListenAsync()
    {
        var rebuilds = new List<Task>();
        while (await Console.In.ReadLineAsync() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["rebuild", var set]:
                    rebuilds.Add(RebuildAsync(set));
                    break;
                case ["rest"]:
                    _isResting = true;
                    break;
                case ["go"]:
                    _isResting = false;
                    break;
            }
        }

        await Task.WhenAll(rebuilds);
    }

    private async Task RebuildAsync(string set)
    {
        try
        {
            Console.WriteLine($"rebuilding {set}");
            await _place.Views.RebuildAsync(set, new Progress(set), _stop.Token);
            Console.WriteLine($"rebuilt {set}");
        }
        catch (Exception e)
        {
            Console.WriteLine($"unbuilt {set} {e.GetType().Name} {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private async Task AppendAsync(Random random)
    {
        using var foreign = new SqliteConnection($"Data Source={ViewsPlace.LogOf(_folder)};Pooling=False;Default Timeout=30");
        foreign.Open();
        for (var i = 1; !_stop.IsCancellationRequested; i++)
        {
            try
            {
                if (!_isResting && i % InsertEvery == 0) Insert(foreign, random);
                else if (!_isResting) await _place.Store.AppendAsync(Items.Stream(random.Next(Streams)), ExpectedVersion.Any, Items.Some(random));
            }
            catch (Exception e) when (e is EventSourcingException or SqliteException)
            {
                Console.WriteLine($"refused {e.GetType().Name} {e.Message.ReplaceLineEndings(" ")}");
            }

            await Task.Delay(s_pace);
        }
    }

    private static void Insert(SqliteConnection foreign, Random random)
    {
        using var command = foreign.CreateCommand();
        command.CommandText = "INSERT INTO events (stream, eventType, data) VALUES ($stream, 'stocked', json_object('group', $group, 'amount', $amount))";
        command.Parameters.AddWithValue("$stream", Items.Stream(random.Next(Streams)));
        command.Parameters.AddWithValue("$group", Items.Group(random.Next(12)));
        command.Parameters.AddWithValue("$amount", random.Next(1, 100));
        command.ExecuteNonQuery();
    }

    private sealed class Progress(string set) : IProgress<ViewProgress>
    {
        public void Report(ViewProgress value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"progress {(value.Head.ToInt64() - value.Position.ToInt64() < 1_000 ? "end" : "on")} {set} {value.Position}"));
    }
}
