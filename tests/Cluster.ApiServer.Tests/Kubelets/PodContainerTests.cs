using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Kubelets;

namespace Cluster.ApiServer.Tests.Kubelets;

public sealed class PodContainerTests
{
    [Theory]
    [InlineData("main", "", "")]
    [InlineData("main", "prepare", "")]
    [InlineData("main", "", "debugger")]
    [InlineData("main", "prepare", "debugger")]
    public void Choose_NoneAsked_IsTheOnlyRegularOne(string regular, string init, string ephemeral) =>
        Assert.Equal("main", PodContainer.Choose(Pod(regular, init, ephemeral), ""));

    [Theory]
    [InlineData("main")]
    [InlineData("prepare")]
    [InlineData("debugger")]
    public void Choose_AskedByName_MayBeOfAnySort(string asked) =>
        Assert.Equal(asked, PodContainer.Choose(Pod("main", "prepare", "debugger"), asked));

    [Theory]
    [InlineData("a b", "prepare", "debugger", "", "a container name must be specified for pod web, choose one of: [prepare a b debugger]")]
    [InlineData("", "prepare", "", "", "a container name must be specified for pod web")]
    [InlineData("a", "prepare", "", "c", "container c is not valid for pod web")]
    public void Choose_NoneOrSeveralThatFit_IsBadRequest(string regular, string init, string ephemeral, string asked, string message)
    {
        var failure = Assert.Throws<StatusException>(() => PodContainer.Choose(Pod(regular, init, ephemeral), asked));

        Assert.Equal((400, message), (failure.Code, failure.Message));
    }

    private static Pod Pod(string regular, string init, string ephemeral) => new()
    {
        Metadata = new() { Name = "web" },
        Spec = new()
        {
            Containers = { Names(regular).Select(name => new Container { Name = name }) },
            InitContainers = { Names(init).Select(name => new Container { Name = name }) },
            EphemeralContainers = { Names(ephemeral).Select(name => new EphemeralContainer { EphemeralContainerCommon = new() { Name = name } }) },
        },
    };

    private static string[] Names(string names) => names.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
