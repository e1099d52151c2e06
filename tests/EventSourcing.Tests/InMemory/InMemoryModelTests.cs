using EventSourcing.Storage;
using EventSourcing.Tests.Shared;
using NUnit.Framework;

namespace EventSourcing.Tests.InMemory;

[Parallelizable(ParallelScope.All)]
public class InMemoryModelTests
{
    [Test]
    public Task Random_appends_have_the_models_outcomes() => ModelChecks.AgreesWithModelAsync(Open, 2_000);

    [Test]
    public Task Appends_at_once_have_the_outcomes_of_some_order() => ModelChecks.IsLinearizableAsync(Open, 1_000);

    private static ValueTask<IEventLog> Open() => new(new InMemoryEventLog());
}
