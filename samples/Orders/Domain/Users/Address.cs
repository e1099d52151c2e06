namespace Orders.Domain.Users;

/// <summary>Where a user lives, or wants goods or invoices sent.</summary>
public sealed record Address(string AddressId, string Street, string City, string State, string Country, string ZipCode)
{
    /// <summary>One line, for people.</summary>
    public override string ToString() => string.Join(", ", new[] { Street, $"{ZipCode} {City}".Trim(), State, Country }.Where(part => part.Length > 0));
}
