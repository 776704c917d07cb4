using Cluster.ApiServer.Auditing;

namespace Cluster.ApiServer.Tests.Auditing;

public sealed class AuditAnnotationsTests
{
    private readonly AuditAnnotations _annotations = new();

    [Fact]
    public void Add_KeyThatIsThere_KeepsItsValue()
    {
        _annotations.Add("b", "1");
        _annotations.Add("a", "2");
        _annotations.Add("b", "3");

        Assert.Equal([new("a", "2"), new("b", "1")], _annotations.All);
    }

    [Fact]
    public void Add_BeyondItsRoom_IsLeftOut()
    {
        _annotations.Add("a", new string('x', 60_000));
        _annotations.Add("b", new string('x', 6_000));
        // Takes no room, for it is not kept.
        _annotations.Add("a", new string('y', 5_000));
        _annotations.Add("c", new string('x', 5_000));

        Assert.Equal(["a", "c"], _annotations.All.Select(one => one.Key));
    }
}
