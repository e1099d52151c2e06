using EventSourcing.Storage;
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
}
