using EventSourcing.Storage;
using EventSourcing.Testing.Contract;
using NUnit.Framework;

namespace EventSourcing.Sqlite.Tests.Contract;

[Parallelizable(ParallelScope.All)]
public class SqliteContractTests
{
    public static IEnumerable<TestCaseData> Cases => LogContract.Cases.Select(c => new TestCaseData(c).SetName(c.Name));

    [TestCaseSource(nameof(Cases))]
    public async Task Contract(ContractCase contractCase)
    {
        await using var fixture = new SqliteFixture();
        await contractCase.RunAsync(fixture);
    }

    public static IEnumerable<TestCaseData> StoreCases => StoreContract.Cases.Select(c => new TestCaseData(c).SetName(c.Name));

    [TestCaseSource(nameof(StoreCases))]
    public async Task Store(ContractCase contractCase)
    {
        await using var fixture = new SqliteFixture();
        await contractCase.RunAsync(fixture);
    }
}
