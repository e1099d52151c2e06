using EventSourcing;

namespace Orders.Domain.Users;

/// <summary>A user as the events of one stream make it.</summary>
public sealed record User(string? UserId, string? Email, string? Name, IReadOnlyList<Address> Addresses) : IState<User>
{
    /// <inheritdoc/>
    public static User Create() => new(null, null, null, []);

    /// <inheritdoc/>
    public User Apply(object @event) => @event switch
    {
        UserRegistered e => this with { UserId = e.UserId, Email = e.Email, Name = $"{e.FirstName} {e.LastName}" },
        UserImported e => this with { UserId = e.UserId },
        AddressAdded e => this with { Addresses = [.. Addresses, e.Address] },
        _ => this,
    };

    /// <summary>Adds an address; the same one again changes nothing.</summary>
    public IEnumerable<object> AddAddress(Address address)
    {
        if (UserId is null) throw new RefusedException("an address needs a registered user");
        if (Addresses.Contains(address)) return [];
        return Addresses.Any(a => a.AddressId == address.AddressId)
            ? throw new RefusedException($"user {UserId} has another address {address.AddressId}")
            : [new AddressAdded(address)];
    }
}
