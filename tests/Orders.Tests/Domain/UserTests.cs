using EventSourcing;
using Orders.Domain;
using Orders.Domain.Users;

namespace Orders.Tests.Domain;

[TestFixture]
public sealed class UserTests
{
    private static readonly Address s_home = new("home", "12 Mill Lane", "Leeds", "", "United Kingdom", "LS1 4DY");
    private EventStore _store = null!;

    [SetUp]
    public void Open() => _store = new(new InMemoryEventLog(), ShopEvents.Types);

    [TearDown]
    public async Task Close() => await _store.DisposeAsync();

    [TestCase("ann@example.com")]
    [TestCase(" ANN@Example.com ")]
    public async Task An_email_in_use_is_refused(string email)
    {
        await _store.RegisterAsync(new("1", "ann@example.com", "Ann", "Archer"));
        var second = () => _store.RegisterAsync(new("2", email, "Anna", "Adams"));
        await second.Should().ThrowAsync<RefusedException>();
    }

    [Test]
    public async Task Of_many_who_want_an_email_at_once_one_gets_it()
    {
        var registered = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            try
            {
                await _store.RegisterAsync(new($"{i}", "ann@example.com", "Ann", "Archer"));
                return 1;
            }
            catch (RefusedException)
            {
                return 0;
            }
        })));
        registered.Sum().Should().Be(1);
    }

    [Test]
    public async Task A_user_id_in_use_is_refused()
    {
        await _store.RegisterAsync(new("1", "ann@example.com", "Ann", "Archer"));
        var second = () => _store.RegisterAsync(new("1", "bob@example.com", "Bob", "Baker"));
        await second.Should().ThrowAsync<WrongExpectedVersionException>();
    }

    [Test]
    public async Task A_refused_registration_stores_nothing()
    {
        await _store.RegisterAsync(new("1", "ann@example.com", "Ann", "Archer"));
        var second = () => _store.RegisterAsync(new("2", "ann@example.com", "Anna", "Adams"));
        await second.Should().ThrowAsync<RefusedException>();
        (await _store.GetHeadAsync()).Should().Be(GlobalPosition.FromInt64(1));
    }

    [Test]
    public async Task Another_email_is_accepted()
    {
        await _store.RegisterAsync(new("1", "ann@example.com", "Ann", "Archer"));
        await _store.RegisterAsync(new("2", "bob@example.com", "Bob", "Baker"));
        (await _store.GetStreamInfoAsync(Streams.User("2"))).Version.Should().Be(1);
    }

    [TestCase("")]
    [TestCase("ann")]
    [TestCase("@example.com")]
    [TestCase("ann@")]
    public async Task What_is_no_email_is_refused(string email)
    {
        var register = () => _store.RegisterAsync(new("1", email, "Ann", "Archer"));
        await register.Should().ThrowAsync<RefusedException>();
    }

    [Test]
    public void An_address_is_added_once() =>
        User.Create().Apply(new UserRegistered("1", "ann@example.com", "Ann", "Archer")).Apply(new AddressAdded(s_home)).AddAddress(s_home).Should().BeEmpty();

    [Test]
    public void An_address_needs_a_user()
    {
        var add = () => User.Create().AddAddress(s_home);
        add.Should().Throw<RefusedException>();
    }
}
