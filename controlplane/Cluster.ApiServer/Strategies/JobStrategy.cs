using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;

namespace Cluster.ApiServer.Strategies;

/// <summary>A job gets a selector that no other job has: the labels of its pods name it.</summary>
internal sealed class JobStrategy : ResourceStrategy
{
    public JobStrategy(ResourceType type)
        : base(type) => HasGeneration = true;

    public override void PrepareForCreate(IApiObject obj)
    {
        base.PrepareForCreate(obj);
        var job = (Job)obj;
        job.Spec ??= new JobSpec();
        if (job.Spec.ManualSelector)
            return;

        var template = job.Spec.Template ??= new PodTemplateSpec();
        template.Metadata ??= new ObjectMeta();
        // A job without labels of its own bears its pods', these among them.
        var mirrors = job.Metadata.Labels.Count == 0 || job.Metadata.Labels.Equals(template.Metadata.Labels);
        foreach (var (name, value) in JobLabels.Of(job))
            template.Metadata.Labels.TryAdd(name, value);
        if (mirrors)
        {
            job.Metadata.Labels.Clear();
            job.Metadata.Labels.Add(template.Metadata.Labels);
        }

        job.Spec.Selector ??= new LabelSelector();
        job.Spec.Selector.MatchLabels.TryAdd(JobLabels.ControllerUid, job.Metadata.Uid);
    }
}
