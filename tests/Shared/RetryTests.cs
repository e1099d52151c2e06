using EventSourcing.Storage;
using FluentAssertions;
using NUnit.Framework;

namespace EventSourcing.Tests.Shared;

/// <summary>Identical appends from many callers, on any log.</summary>
public abstract class RetryTests
{
    private const int Callers = 64;

    protected abstract IEventLog OpenLog();

    /// <summary>How many different appends each caller makes.</summary>
    protected virtual int Appends => 1000;

    private static Guid Id(int number) => new(number, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8);

    [Test]
    public async Task Commands_repeated_by_many_callers_are_stored_once() =>
        await RunAsync<CommandIdConflictException>((i, text) => new Append { CommandId = $"c-{i}" }.To($"s-{i % 10}", ExpectedVersion.Any, [new Noted(text)]));

    [Test]
    public async Task Events_repeated_by_many_callers_are_stored_once() =>
        await RunAsync<DuplicateEventException>((i, text) => new Append().To($"s-{i % 10}", ExpectedVersion.Any, [new EventData(new Noted(text)).WithId(Id(i))]));

    private async Task RunAsync<TRefusal>(Func<int, string, Append> make) where TRefusal : EventSourcingException
    {
        await using var store = new EventStore(OpenLog(), School.Types);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var callers = Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            var (stored, refused) = (0, 0);
            for (var i = 0; i < Appends; i++)
            {
                if (!(await store.AppendAsync(make(i, $"{i}"))).WasDuplicate) stored++;
                if (i % 50 != 0) continue;
                try
                {
                    await store.AppendAsync(make(i, "other content"));
                }
                catch (TRefusal)
                {
                    refused++;
                }
            }

            return (stored, refused);
        }));
        var results = await Task.WhenAll(callers);
        TestContext.Out.WriteLine($"{Callers} x {Appends} appends in {watch.ElapsedMilliseconds} ms");
        results.Sum(r => r.stored).Should().Be(Appends, "each append is stored by one caller");
        results.Should().OnlyContain(r => r.refused == (Appends + 49) / 50, "other content is refused");
        (await store.GetHeadAsync()).ToInt64().Should().Be(Appends);
    }
}
