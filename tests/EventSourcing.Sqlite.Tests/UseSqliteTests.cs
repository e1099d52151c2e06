using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests;

[Parallelizable(ParallelScope.All)]
public class UseSqliteTests
{
    [Test]
    public async Task Options_without_a_clock_use_the_containers()
    {
        using var file = new TemporaryFile();
        var clock = new FakeTimeProvider(new DateTimeOffset(2000, 3, 1, 0, 0, 0, TimeSpan.Zero));
        await using var provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(clock)
            .AddEventSourcing(es => es.UseSqlite(file.Path, o => o.Durability = Durability.ProcessCrashOnly).UseEventTypes(EventTypeMap.Empty))
            .BuildServiceProvider();
        var store = provider.GetRequiredService<IEventStore>();
        await store.Log.AppendAsync(new() { Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) } }, default);
        (await store.GetStreamInfoAsync("s")).LastTimestamp.Should().Be(clock.GetUtcNow());
    }

    [Test]
    public void Setting_out_of_its_range_is_refused_where_it_is_made()
    {
        var act = () => new ServiceCollection().AddEventSourcing(es => es.UseSqlite("never.db", o => o.MaxReaders = 0));
        act.Should().Throw<ArgumentOutOfRangeException>().WithMessage("*MaxReaders is from 1 to 256*");
    }

    [Test]
    public async Task Asynchronous_delegates_are_refused_before_anything_is_done()
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.db");
        var register = () => new ServiceCollection().AddEventSourcing(es => es.UseSqlite(file, async _ => await Task.Yield()));
        register.Should().Throw<ArgumentException>().WithMessage("*is asynchronous*");
        File.Exists(file).Should().BeFalse();

        using var temporary = new TemporaryFile();
        await using var store = SqliteEventStore.Open(temporary.Path, EventTypeMap.Empty);
        var log = store.Log.Find<SqliteEventLog>()!;
        var calls = 0;
        Func<Task>[] wrong =
        [
            () => store.InSqliteTransactionAsync(async _ => { calls++; await Task.Yield(); }).AsTask(),
            () => store.InSqliteTransactionAsync(async _ => { calls++; await Task.Yield(); return 1; }).AsTask(),
            () => log.InSqliteTransactionAsync(async _ => { calls++; await Task.Yield(); return 1; }).AsTask(),
            () => log.CaptureTableAsync("t", async _ => { calls++; await Task.Yield(); }).AsTask(),
        ];
        foreach (var call in wrong) await call.Should().ThrowAsync<ArgumentException>().WithMessage("*is asynchronous*");
        calls.Should().Be(0);
    }

    [Test]
    public async Task Stores_with_and_without_a_key_are_disposed_by_using()
    {
        using var file = new TemporaryFile();
        using var other = new TemporaryFile();
        IEventStore[] stores;
        using (var services = new ServiceCollection()
            .AddEventSourcing(es => es.UseSqlite(file.Path).UseEventTypes(EventTypeMap.Empty))
            .AddEventSourcing("billing", es => es.UseSqlite(other.Path).UseEventTypes(EventTypeMap.Empty))
            .AddEventSourcing("cache", es => es.UseInMemory().UseEventTypes(EventTypeMap.Empty))
            .BuildServiceProvider())
        {
            stores = [services.GetRequiredService<IEventStore>(), services.GetRequiredKeyedService<IEventStore>("billing"), services.GetRequiredKeyedService<IEventStore>("cache")];
            services.GetRequiredKeyedService<EventBus>("billing").LiveSubscriptions.Should().BeEmpty();
        }

        foreach (var store in stores) await store.Awaiting(s => s.GetHeadAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Test]
    public void Container_is_disposed_by_using_with_subscriptions_on()
    {
        using var file = new TemporaryFile();
        SqliteEventLog log;
        using (var services = new ServiceCollection().AddEventSourcing(es => es.UseSqlite(file.Path).UseEventTypes(EventTypeMap.Empty)).BuildServiceProvider())
        {
            log = services.GetRequiredService<IEventStore>().Log.Find<SqliteEventLog>()!;
            var bus = services.GetRequiredService<EventBus>();
            bus.SubscribeAsync("all", SubscriptionHandler.RawEach((_, _, _) => Task.CompletedTask)).GetAwaiter().GetResult();
        }

        log.Invoking(l => l.GetHeadAsync().AsTask()).Should().ThrowAsync<ObjectDisposedException>();
        File.Exists(file.Path + "-wal").Should().BeFalse("the file is closed");
    }

    [Test]
    public void Log_is_disposed_by_using_also_on_the_one_thread_of_a_user_interface()
    {
        using var file = new TemporaryFile();
        SingleThread.Run(async () =>
        {
            using var log = SqliteEventLog.Open(file.Path);
            await log.AppendAsync(new() { Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) } }, default);
            // Queued, and not waited for: the end waits for them.
            for (var i = 0; i < 100; i++)
                _ = log.AppendAsync(new() { Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) } }, default).AsTask();
        });
        using var again = SqliteEventLog.Open(file.Path);
        SingleThread.Run(async () => (await again.GetHeadAsync()).Should().Be(GlobalPosition.FromInt64(101)));
    }

    [Test]
    public async Task Log_is_not_closed_from_inside_a_transaction()
    {
        using var file = new TemporaryFile();
        await using var log = SqliteEventLog.Open(file.Path);
        var act = () => log.InSqliteTransactionAsync(_ =>
        {
            log.Dispose();
            return 0;
        }).AsTask();
        await act.Should().ThrowAsync<InvalidOperationException>();
        (await log.GetHeadAsync()).Should().Be(GlobalPosition.Start);
    }

    [Test]
    public async Task Options_changed_after_the_log_was_opened_have_no_effect()
    {
        using var file = new TemporaryFile();
        var options = new SqliteOptions();
        await using var log = SqliteEventLog.Open(file.Path, options);
        options.Limits.MaxEventBytes = 1;
        await log.AppendAsync(new() { Writes = new[] { new StreamWrite("s", ExpectedVersion.Any, new[] { new LogEvent { Type = "t", Data = "{}"u8.ToArray(), IsJson = true } }) } }, default);
        (await log.GetHeadAsync()).Should().Be(GlobalPosition.FromInt64(1));
    }
}
