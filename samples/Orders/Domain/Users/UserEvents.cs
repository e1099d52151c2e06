namespace Orders.Domain.Users;

/// <summary>A person signed up. The e-mail is a tag of the event: by it the next one with the same address is refused.</summary>
public sealed record UserRegistered(string UserId, string Email, string FirstName, string LastName);

/// <summary>A customer was first seen in imported data, which knows neither name nor e-mail.</summary>
public sealed record UserImported(string UserId, string Country);

/// <summary>A user has one more address.</summary>
public sealed record AddressAdded(Address Address);
