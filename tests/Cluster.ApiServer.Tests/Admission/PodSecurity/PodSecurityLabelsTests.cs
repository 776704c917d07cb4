using Cluster.ApiServer.Admission.PodSecurity;
using Google.Protobuf.Collections;

namespace Cluster.ApiServer.Tests.Admission.PodSecurity;

public sealed class PodSecurityLabelsTests
{
    private const string Latest = "privileged:latest";

    [Theory]
    [InlineData("", Latest, Latest, Latest)]
    [InlineData("enforce-version=v1.20", "privileged:v1.20", Latest, Latest)]
    // Whoever is refused is warned about what makes the refused.
    [InlineData("enforce=baseline enforce-version=v1.25", "baseline:v1.25", Latest, "baseline:v1.25")]
    [InlineData("enforce=baseline enforce-version=v1.25 warn-version=v1.20", "baseline:v1.25", Latest, "baseline:v1.20")]
    [InlineData("enforce=baseline warn=privileged", "baseline:latest", Latest, Latest)]
    [InlineData("enforce=privileged audit=baseline warn=restricted warn-version=latest", Latest, "baseline:latest", "restricted:latest")]
    [InlineData("audit=restricted audit-version=v1.0", Latest, "restricted:v1.0", Latest)]
    public void Of_Labels_SaysWhatIsAsked(string labels, string enforce, string audit, string warn)
    {
        var policy = PodSecurityLabels.Of(Labels(labels));

        Assert.Equal((enforce, audit, warn), (policy.Enforce.ToString(), policy.Audit.ToString(), policy.Warn.ToString()));
        Assert.Empty(policy.Errors);
    }

    [Theory]
    [InlineData("enforce=strict", "restricted:latest", "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted")]
    [InlineData("audit=Baseline", Latest, "metadata.labels[pod-security.kubernetes.io/audit]: Invalid value: \"Baseline\": must be one of privileged, baseline, restricted")]
    [InlineData("warn=", Latest, "metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: \"\": must be one of privileged, baseline, restricted")]
    [InlineData("enforce-version=1.20", Latest, "metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: \"1.20\": must be \"latest\" or \"v1.x\"")]
    [InlineData("audit-version=v1.01", Latest, "metadata.labels[pod-security.kubernetes.io/audit-version]: Invalid value: \"v1.01\": must be \"latest\" or \"v1.x\"")]
    [InlineData("warn-version=v1.", Latest, "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"v1.\": must be \"latest\" or \"v1.x\"")]
    [InlineData("warn-version=v1.99999999999", Latest, "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"v1.99999999999\": must be \"latest\" or \"v1.x\"")]
    [InlineData("warn-version=v2.0", Latest, "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"v2.0\": must be \"latest\" or \"v1.x\"")]
    public void Of_WrongLabels_EnforcesAllAndWarnsOfNothing(string labels, string enforce, string error)
    {
        var policy = PodSecurityLabels.Of(Labels(labels));

        Assert.Equal((enforce, Latest, Latest), (policy.Enforce.ToString(), policy.Audit.ToString(), policy.Warn.ToString()));
        Assert.Equal(error, Assert.Single(policy.Errors).Message);
    }

    internal static MapField<string, string> Labels(string text)
    {
        MapField<string, string> labels = [];
        foreach (var pair in text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('=')))
            labels[PodSecurityLabels.Prefix + pair[0]] = pair[1];
        return labels;
    }
}
