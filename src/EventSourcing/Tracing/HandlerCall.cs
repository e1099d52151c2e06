namespace EventSourcing.Tracing;

/// <summary>A call of a handler with a batch, which no single event represents. Appends inherit nothing from it; it only identifies the call.</summary>
internal sealed class HandlerCall;
