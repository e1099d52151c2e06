using EventSourcing;

namespace Orders.Domain.Users;

/// <summary>Signs users up, each e-mail once.</summary>
/// <remarks>
/// No stream holds all e-mails, so no expected version can guard them. The append carries a condition instead: it fails when
/// an event with this e-mail exists, or was stored after the moment the decision was made on. The store judges it inside
/// the write transaction, so two users who decide at the same moment cannot both succeed.
/// </remarks>
public static class Registration
{
    /// <summary>Registers a user; the e-mail must not be in use.</summary>
    /// <param name="store">The store.</param>
    /// <param name="user">The new user.</param>
    /// <param name="after">The position of the log at which the e-mail was found free; left out, the whole log is asked.</param>
    /// <exception cref="RefusedException">The e-mail is none.</exception>
    /// <exception cref="AppendConditionFailedException">The e-mail is taken. Nothing was written.</exception>
    /// <exception cref="WrongExpectedVersionException">The user's id is taken. Nothing was written.</exception>
    public static async Task<AppendResult> RegisterAsync(this IEventStore store, UserRegistered user, GlobalPosition after = default)
    {
        var registered = user with { Email = Normalize(user.Email) };
        return await store.AppendAsync(new Append()
            .To(Streams.User(user.UserId), ExpectedVersion.NoStream, [registered])
            .FailIf(EventQuery.Of<UserRegistered>().Tagged("email", registered.Email), after));
    }

    /// <summary>Finds out whether an e-mail is free, and at which position of the log that was so.</summary>
    public static async Task<(bool IsFree, GlobalPosition At)> IsEmailFreeAsync(this IEventStore store, string email)
    {
        var users = await store.FoldAsync(EventQuery.Of<UserRegistered>().Tagged("email", Normalize(email)), 0, (count, _) => count + 1);
        return (users.State == 0, users.Position);
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
