using EventSourcing.Storage;

namespace EventSourcing.Views.Running;

/// <summary>Why an inline view does not advance.</summary>
/// <param name="Build">The build that was written.</param>
/// <param name="Position">The event at which it failed; the highest there is where the build itself is damaged.</param>
/// <param name="Error">The failure.</param>
internal sealed record InlinePause(ViewBuildId Build, GlobalPosition Position, Exception Error);
