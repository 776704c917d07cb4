using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Tests;

public partial class PodsTests
{
    [Fact]
    public void IsReady_ByCondition_NotByPhase()
    {
        var pod = new Pod { Status = new PodStatus { Phase = "Running" } };
        Assert.False(pod.IsReady());

        pod.Status.SetCondition(new PodCondition { Type = "Ready", Status = "True" });
        Assert.True(pod.IsReady());
    }

    [Fact]
    public void SetCondition_SameStatus_KeepsTheTransitionTime()
    {
        var status = new PodStatus();
        status.SetCondition(new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = new Time { Seconds = 1 } });

        var changed = status.SetCondition(new PodCondition { Type = "Ready", Status = "True", Reason = "new", LastTransitionTime = new Time { Seconds = 2 } });

        Assert.True(changed);
        Assert.Equal(1, Assert.Single(status.Conditions).LastTransitionTime.Seconds);
    }

    [Fact]
    public void SetCondition_OtherStatus_TakesTheNewTransitionTime()
    {
        var status = new PodStatus();
        status.SetCondition(new PodCondition { Type = "Ready", Status = "True", LastTransitionTime = new Time { Seconds = 1 } });

        Assert.True(status.SetCondition(new PodCondition { Type = "Ready", Status = "False", LastTransitionTime = new Time { Seconds = 2 } }));
        Assert.Equal(2, Assert.Single(status.Conditions).LastTransitionTime.Seconds);
        Assert.False(status.SetCondition(new PodCondition { Type = "Ready", Status = "False" }));
    }

    [Theory]
    [InlineData("Succeeded", true)]
    [InlineData("Failed", true)]
    [InlineData("Running", false)]
    public void IsTerminal_ByPhase(string phase, bool expected) =>
        Assert.Equal(expected, new Pod { Status = new PodStatus { Phase = phase } }.IsTerminal());
}
