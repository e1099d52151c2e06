namespace EventSourcing.Tracing;

/// <summary>A call of a handler that no event stands for: a batch. Nothing follows from it; it only tells the call from others.</summary>
internal sealed class HandlerCall;
