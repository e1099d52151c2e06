namespace EventSourcing.Following;

/// <summary>The events of one page, decoded.</summary>
/// <typeparam name="T">What an event is decoded to.</typeparam>
/// <param name="Events">The events, in order.</param>
/// <param name="Through">Everything up to here was read.</param>
/// <param name="Token">The event at <paramref name="Through"/>, as far as the page knows it.</param>
/// <param name="Head">The head of the log in the first page.</param>
internal sealed record DecodedPage<T>(T[] Events, GlobalPosition Through, ResumeToken Token, GlobalPosition Head);
