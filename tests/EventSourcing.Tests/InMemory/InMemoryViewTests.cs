using EventSourcing.Storage;
using EventSourcing.Tests.Shared;

namespace EventSourcing.Tests.InMemory;

public sealed class InMemoryViewTests : ViewTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryViewPropertyTests : ViewPropertyTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryViewMisuseTests : ViewMisuseTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryTallyTests : TallyTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryTallyPropertyTests : TallyPropertyTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryInlineViewTests : InlineViewTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryViewChangeTests : ViewChangeTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryLiveViewTests : LiveViewTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryViewModePropertyTests : ViewModePropertyTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}

public sealed class InMemoryViewChangePropertyTests : ViewChangePropertyTests
{
    protected override IEventLog OpenLog() => new InMemoryEventLog();
}
