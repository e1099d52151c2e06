using EventSourcing.Internal;

namespace EventSourcing.Subscriptions.Effects;

/// <summary>An effect was refused inside the transaction. Nothing was written.</summary>
internal sealed class EffectException(Exception error) : Exception(ExceptionText.MessageOf(error), error)
{
    internal Exception Error { get; } = error;
}
