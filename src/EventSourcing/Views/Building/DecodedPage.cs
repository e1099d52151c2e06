using EventSourcing.Internal;

namespace EventSourcing.Views.Building;

/// <summary>The events of one page, decoded.</summary>
/// <param name="Events">The events, in order.</param>
/// <param name="Through">Everything up to here was read.</param>
/// <param name="Token">The event at <paramref name="Through"/>, as far as the page knows it.</param>
/// <param name="Head">The head of the log in the first page.</param>
internal sealed record DecodedPage(Envelopes[] Events, GlobalPosition Through, ResumeToken Token, GlobalPosition Head);
