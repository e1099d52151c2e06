using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Effects;

/// <summary>An effect was refused inside the transaction; nothing of it is kept.</summary>
internal sealed class EffectException(Exception error) : Exception(ExceptionText.MessageOf(error), error)
{
    internal Exception Error { get; } = error;
}
