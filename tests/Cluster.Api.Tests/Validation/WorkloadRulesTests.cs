using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Defaulting;
using Cluster.Api.IntStr;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

public class WorkloadRulesTests
{
    public static TheoryData<Action<Deployment>, string> Mistakes => new()
    {
        { d => d.Spec.Replicas = -1, "spec.replicas: Invalid value: -1: must be greater than or equal to 0" },
        { d => d.Spec.Selector = null, "spec.selector: Required value" },
        { d => d.Spec.Selector = new LabelSelector(), "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment" },
        { d => d.Spec.Template.Metadata.Labels["app"] = "other", "spec.template.metadata.labels: Invalid value: map[string]string{\"app\":\"other\"}: `selector` does not match template `labels`" },
        { d => d.Spec.Template.Spec.RestartPolicy = "Never", "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"" },
        { d => d.Spec.Template.Spec.ActiveDeadlineSeconds = 1, "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported" },
        { d => d.Spec.Template.Spec.Containers.Clear(), "spec.template.spec.containers: Required value" },
        { d => d.Spec.Strategy.Type = "Jump", "spec.strategy: Unsupported value: \"Jump\": supported values: \"Recreate\", \"RollingUpdate\"" },
        { d => d.Spec.Strategy.Type = "Recreate", "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'" },
        { d => d.Spec.Strategy.RollingUpdate.MaxSurge = new IntOrString { Type = 1, StrVal = "many" }, "spec.strategy.rollingUpdate.maxSurge: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:\"many\"}: a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')" },
        { d => NoProgress(d), "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:0, IntVal:0, StrVal:\"\"}: may not be 0 when `maxSurge` is 0" },
        { d => d.Spec.ProgressDeadlineSeconds = 0, "spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void ValidateCreate_DeploymentMistake_IsToldInKubernetesWords(Action<Deployment> mistake, string message)
    {
        var deployment = Good();
        mistake(deployment);

        Assert.Contains(message, Validator.ValidateCreate(deployment).Select(error => error.Message));
    }

    [Fact]
    public void ValidateCreate_GoodDeployment_HasNoErrors() => Assert.Empty(Validator.ValidateCreate(Good()));

    [Fact]
    public void ValidateUpdate_SelectorChanged_IsImmutable()
    {
        var before = Good();
        var after = before.Clone();
        after.Spec.Selector.MatchLabels["app"] = "api";
        after.Spec.Template.Metadata.Labels["app"] = "api";

        Assert.Equal(
            "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{\"app\":\"api\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable",
            Assert.Single(Validator.ValidateUpdate(after, before)).Message);
    }

    [Fact]
    public void ValidateCreate_ReplicationControllerWithoutTemplate_NeedsOne()
    {
        var controller = new ReplicationController
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "default" }, Spec = new ReplicationControllerSpec(),
        };
        Defaults.Apply(controller);

        Assert.Equal(
            ["spec.selector: Required value", "spec.template: Required value"],
            Validator.ValidateCreate(controller).Select(error => error.Message));
    }

    [Fact]
    public void ValidateStatusUpdate_MoreReadyThanThere_IsRefused()
    {
        var set = new ReplicaSet { Metadata = new ObjectMeta { Name = "web", Namespace = "default" }, Status = new ReplicaSetStatus { Replicas = 1, ReadyReplicas = 2 } };

        Assert.Equal(
            "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
            Assert.Single(Validator.ValidateStatusUpdate(set, set.Clone())).Message);
    }

    private static void NoProgress(Deployment deployment)
    {
        deployment.Spec.Strategy.RollingUpdate.MaxSurge = new IntOrString { IntVal = 0 };
        deployment.Spec.Strategy.RollingUpdate.MaxUnavailable = new IntOrString { IntVal = 0 };
    }

    private static Deployment Good()
    {
        var deployment = new Deployment
        {
            Metadata = new ObjectMeta { Name = "web", Namespace = "default" },
            Spec = new DeploymentSpec
            {
                Selector = new LabelSelector { MatchLabels = { ["app"] = "web" } },
                Template = new PodTemplateSpec
                {
                    Metadata = new ObjectMeta { Labels = { ["app"] = "web" } },
                    Spec = new PodSpec { Containers = { new Container { Name = "web", Image = "web" } } },
                },
            },
        };
        Defaults.Apply(deployment);
        return deployment;
    }
}
