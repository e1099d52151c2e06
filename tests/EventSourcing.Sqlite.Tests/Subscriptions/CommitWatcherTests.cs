using System.Diagnostics;
using System.Runtime.CompilerServices;
using EventSourcing.Sqlite.Files;
using EventSourcing.Sqlite.Native;
using EventSourcing.Sqlite.Reading;
using EventSourcing.Sqlite.Tables;
using EventSourcing.Sqlite.Tests.Writing;
using EventSourcing.Sqlite.Waiting;
using EventSourcing.Storage;
using FluentAssertions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Subscriptions;

[Platform("Linux", Reason = "Elsewhere the system may not tell of writes, and the watcher looks every 100 ms.")]
[Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CommitWatcherTests : IAsyncDisposable
{
    private readonly TemporaryFile _file = new();
    private readonly CommitSignal _signal = new();
    private readonly SqliteEventLog _others;
    private readonly StoreFile _storeFile;
    private readonly CommitWatcher _watcher;
    private readonly FaultyClock _clock = new();
    private Action? _onOpen, _onSeal;
    private Reader? _reader;
    private int _opened;

    public CommitWatcherTests()
    {
        _others = SqliteEventLog.Open(_file.Path);
        _storeFile = new(_file.Path, _clock);
        _watcher = new(_storeFile, _signal, OpenReader, _ =>
        {
            _onSeal?.Invoke();
            return default;
        });
        _signal.Awaited += _watcher.Start;
    }

    public async ValueTask DisposeAsync()
    {
        await _watcher.DisposeAsync();
        await _others.DisposeAsync();
        _file.Dispose();
    }

    [Test]
    public async Task A_reader_that_waits_and_reads_in_turn_is_watched_for_by_one_connection()
    {
        for (var seen = 0; seen < 20; seen++)
        {
            await ExpectPublishedAsync(seen);
            // What was told of the write comes while nobody waits.
            await Task.Delay(20);
        }

        _opened.Should().Be(1);
    }

    [Test]
    public async Task Commits_of_others_are_published_while_this_log_commits_all_the_time()
    {
        for (var seen = 0; seen < 20; seen++)
        {
            for (var i = 0; i < 100; i++) _signal.CountOwn();
            await ExpectPublishedAsync(seen);
        }
    }

    public enum Fault
    {
        Open,

        /// <summary>The file is not the log's any more: all who wait are woken.</summary>
        Replaced,
        Clock,
        DataVersion,
        Head,
        Seal,

        /// <summary>The head is read once more after the seal.</summary>
        HeadAfterSeal,

        /// <summary>The end of the connection, after a fault.</summary>
        Close,
    }

    private static bool IsOfSeal(Fault fault) => fault is Fault.Seal or Fault.HeadAfterSeal;

    // Met by a watch that has no connection yet.
    private static bool IsOfOpening(Fault fault) => fault is Fault.Open or Fault.Replaced;

    [Test]
    public async Task The_watch_continues_after_whatever_fails([Values] Fault fault, [Values] bool isBeforeTheFirstRound)
    {
        if (!isBeforeTheFirstRound) await ExpectPublishedAsync(0);
        var hit = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Arm(fault, hit);
        var waiting = _signal.WaitAsync(isBeforeTheFirstRound ? 0 : 1, default);
        if (IsOfSeal(fault)) InsertInSql();
        else await AppendAsync();
        if (!IsOfOpening(fault) || isBeforeTheFirstRound) await hit.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Disarm();
        if (IsOfSeal(fault)) await AppendAsync();

        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        var soon = Stopwatch.StartNew();
        await ExpectPublishedAsync(_signal.Published);
        // A second, and a loaded machine's time.
        soon.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(5));
        for (var seen = 1; seen < 5; seen++) await ExpectPublishedAsync(_signal.Published);
    }

    [Test]
    public async Task The_watch_is_disposed_while_it_fails_all_the_time([Values] Fault fault)
    {
        var hit = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Arm(fault, hit);
        InsertInSql();
        var waiting = _signal.WaitAsync(10, default);
        await hit.Task.WaitAsync(TimeSpan.FromSeconds(30));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await _watcher.DisposeAsync()))).WaitAsync(TimeSpan.FromSeconds(30));

        Disarm();
        waiting.IsCompleted.Should().Be(fault == Fault.Replaced);
        _signal.Close();
    }

    private void Arm(Fault fault, TaskCompletionSource hit)
    {
        void Throw()
        {
            hit.TrySetResult();
            throw new FormatException("a fault");
        }

        // The watch's own thread asks the clock before it uses the connection, and seals in between.
        void Break(Action<Reader> end)
        {
            if (Volatile.Read(ref _reader) is not { } reader) return;
            end(reader);
            hit.TrySetResult();
        }

        if (fault == Fault.Open) _onOpen = Throw;
        if (fault == Fault.Replaced) _onOpen = () =>
        {
            hit.TrySetResult();
            throw new StoreConfigurationException("replaced");
        };
        if (fault == Fault.Clock) _clock.OnTimestamp = Throw;
        if (fault == Fault.DataVersion) _clock.OnTimestamp = () => Break(static reader => DataVersionOf(reader).Dispose());
        if (fault == Fault.Head) _clock.OnTimestamp = () => Break(static reader => HeadOf(reader).Dispose());
        if (fault == Fault.Seal) _onSeal = Throw;
        if (fault == Fault.HeadAfterSeal) _onSeal = () => Break(static reader => HeadOf(reader).Dispose());
        if (fault == Fault.Close) _clock.OnTimestamp = () => Break(static reader => reader.Dispose());
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_dataVersion")]
    private static extern ref Statement DataVersionOf(Reader reader);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_head")]
    private static extern ref Statement HeadOf(Reader reader);

    [Test]
    public async Task Without_notices_of_the_file_the_watch_continues()
    {
        // A folder that is not there has no notices, and a clock that stands still asks for no look at the file.
        var still = new FakeTimeProvider();
        var signal = new CommitSignal();
        await using var watcher = new CommitWatcher(new(Path.Combine(_file.Path + ".absent", "log.db"), still), signal, OpenReader, null);
        signal.Awaited += watcher.Start;
        for (var seen = 0; seen < 5; seen++)
        {
            var waiting = signal.WaitAsync(seen, default);
            await AppendAsync();
            await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    private void Disarm() => (_onOpen, _onSeal, _clock.OnTimestamp) = (null, null, null);

    private void InsertInSql()
    {
        using var connection = new SqliteConnection($"Data Source={_file.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO events (stream, eventType, data) VALUES ('s-1', 'a', '{}')";
        command.ExecuteNonQuery();
    }

    private async Task ExpectPublishedAsync(long seen)
    {
        var waiting = _signal.WaitAsync(seen, default);
        await AppendAsync();
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private async Task AppendAsync() => await _others.AppendAsync(new LogAppend
    {
        Writes = new[] { new StreamWrite("s-1", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = new byte[] { 1 } } }) },
    }, default);

    private PositionalIds IdsOfLog()
    {
        using var database = ReaderConnections.Open(_storeFile, new());
        return LogFacts.IdsOf(database, _storeFile.Path);
    }

    private Reader OpenReader()
    {
        Interlocked.Increment(ref _opened);
        _onOpen?.Invoke();
        var reader = ReaderConnections.OpenReader(_storeFile, new(_storeFile.Path), new(), IdsOfLog());
        Volatile.Write(ref _reader, reader);
        return reader;
    }
}
