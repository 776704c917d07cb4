namespace Cluster.Api.Tests;

public class NamesTests
{
    [Fact]
    public void Generate_FromPrefix_AddsFiveCharactersOfTheSafeAlphabet() => Assert.Matches("^web-[bcdfghjklmnpqrstvwxz2456789]{5}$", Names.Generate("web-"));

    [Fact]
    public void Generate_FromLongPrefix_StaysADnsLabel()
    {
        var name = Names.Generate(new string('a', 100));

        Assert.Equal(63, name.Length);
        Assert.True(Names.IsDns1123Label(name));
    }

    [Fact]
    public void Generate_ManyTimes_HardlyRepeats() => Assert.True(Enumerable.Range(0, 100).Select(_ => Names.Generate("")).Distinct().Count() > 95);
}
