using EventSourcing.Storage;

namespace EventSourcing.InMemory;

/// <summary>Settings of an <see cref="InMemoryEventLog"/>.</summary>
public sealed class InMemoryLogOptions
{
    /// <summary>How large events and appends may be.</summary>
    public LogLimits Limits { get; init; } = new();

    /// <summary>The clock; default <see cref="TimeProvider.System"/>.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
