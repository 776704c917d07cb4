using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

public class JobSpecRulesTests
{
    public static TheoryData<Action<JobSpec>, string> Mistakes => new()
    {
        { s => s.SuccessPolicy = new(), "spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified" },
        { s => Rule(s, null, null), "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified" },
        { s => Rule(s, "x", null), "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"x\": error parsing succeededIndexes: cannot convert string to integer for index: \"x\"" },
        { s => Rule(s, "5", null), "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"5\": error parsing succeededIndexes: too large index: \"5\"" },
        { s => Rule(s, "3,1", null), "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"3,1\": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1" },
        { s => Rule(s, "2-2", null), "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"2-2\": error parsing succeededIndexes: non-increasing order, previous: 2, current: 2" },
        { s => Rule(s, "0-1-2", null), "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"0-1-2\": error parsing succeededIndexes: the fragment \"0-1-2\" violates the requirement that an index interval can have at most two parts separated by '-'" },
        { s => Rule(s, null, -1), "spec.successPolicy.rules[0].succeededCount: Invalid value: -1: must be greater than or equal to 0" },
        { s => Rule(s, null, 6), "spec.successPolicy.rules[0].succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)" },
        { s => Rule(s, "0-2", 4), "spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)" },
        { s => s.SuccessPolicy = new() { Rules = { Enumerable.Repeat(new SuccessPolicyRule { SucceededCount = 1 }, 21) } }, "spec.successPolicy.rules: Too many: 21: must have at most 20 items" },
        { s => Many(s, null, 1), "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000" },
        { s => Many(s, 10_001, 1), "spec.maxFailedIndexes: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index" },
        { s => Many(s, 1, 50_000), "spec.parallelism: Invalid value: 50000: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index" },
        { s => Many(s, 100_001, 1), "spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void ValidateCreate_Mistake_IsToldInKubernetesWords(Action<JobSpec> mistake, string message)
    {
        var job = Good();
        mistake(job.Spec);

        Assert.Contains(message, Validator.ValidateCreate(job).Select(error => error.Message));
    }

    [Theory]
    [InlineData("0,2-4", 2)]
    [InlineData("0-4", 5)]
    [InlineData(null, 1)]
    public void ValidateCreate_GoodSuccessRule_HasNoErrors(string? indexes, int count)
    {
        var job = Good();
        Rule(job.Spec, indexes, count);

        Assert.Empty(Validator.ValidateCreate(job));
    }

    private static Job Good() => new()
    {
        Metadata = new ObjectMeta { Name = "work", Namespace = "default" },
        Spec = new JobSpec
        {
            Parallelism = 1,
            Completions = 5,
            BackoffLimit = 6,
            CompletionMode = "Indexed",
            Selector = new LabelSelector { MatchLabels = { ["app"] = "work" } },
            ManualSelector = true,
            Template = new PodTemplateSpec
            {
                Metadata = new ObjectMeta { Labels = { ["app"] = "work" } },
                Spec = new PodSpec
                {
                    RestartPolicy = "Never",
                    DnsPolicy = "ClusterFirst",
                    TerminationGracePeriodSeconds = 30,
                    Containers = { new Container { Name = "main", Image = "work", ImagePullPolicy = "IfNotPresent", TerminationMessagePath = "/dev/termination-log", TerminationMessagePolicy = "File" } },
                },
            },
        },
    };

    private static void Rule(JobSpec spec, string? indexes, int? count)
    {
        var rule = new SuccessPolicyRule();
        if (indexes is not null)
        {
            rule.SucceededIndexes = indexes;
        }

        if (count is { } number)
        {
            rule.SucceededCount = number;
        }

        spec.SuccessPolicy = new() { Rules = { rule } };
    }

    private static void Many(JobSpec spec, int? maxFailed, int parallelism)
    {
        spec.Completions = 100_001;
        spec.Parallelism = parallelism;
        spec.BackoffLimitPerIndex = 1;
        if (maxFailed is { } max)
        {
            spec.MaxFailedIndexes = max;
        }
    }
}
