using EventSourcing;

namespace Orders.Domain.Users;

/// <summary>Signs users up, each e-mail once.</summary>
/// <remarks>
/// No stream holds all e-mails, so no expected version can guard them. The decision is made on every registration with this e-mail
/// instead, and stored under the condition that there is still no more of them. The store checks that inside the write
/// transaction, so of two users who decide at the same time one decides again, and finds the e-mail taken.
/// </remarks>
public static class Registration
{
    /// <summary>Registers a user; the e-mail must not be in use.</summary>
    /// <exception cref="RefusedException">The e-mail is none, or is in use. Nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">The user's id is taken. Nothing was written.</exception>
    public static async Task RegisterAsync(this IEventStore store, UserRegistered user)
    {
        var (registered, stream) = (user with { Email = Normalize(user.Email) }, Streams.User(user.UserId));
        await store.ExecuteAsync<EventCount>(EventQuery.Of<UserRegistered>().Tagged("email", registered.Email),
            seen => seen.Any ? throw new RefusedException($"{user.Email} is in use") : [EventData.For(stream, registered)],
            new() { Require = [new(stream, ExpectedVersion.NoStream)], Metadata = new() { Actor = user.UserId } });
    }

    // Upper and lower case reach the same mailbox, so they are the same address here.
    private static string Normalize(string email)
    {
        var trimmed = email.Trim().ToLowerInvariant();
        var at = trimmed.IndexOf('@', StringComparison.Ordinal);
        return at < 1 || at == trimmed.Length - 1 || trimmed.Length > 254 || trimmed.Any(char.IsControl)
            ? throw new RefusedException("that is no e-mail address")
            : trimmed;
    }
}
