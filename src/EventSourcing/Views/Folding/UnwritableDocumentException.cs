using EventSourcing.Internal;

namespace EventSourcing.Views.Folding;

/// <summary>A document cannot be written as JSON. The event that made it so lies after the checkpoint.</summary>
internal sealed class UnwritableDocumentException(string projection, string key, GlobalPosition position, Exception innerException)
    : InvalidOperationException($"The document '{key}' of projection '{projection}', last changed at position {position}, cannot be written: {ExceptionText.MessageOf(innerException)}", innerException);
