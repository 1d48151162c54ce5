import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { explain } from "../explain.ts";

export interface LogBucketProps {
  readonly name: string;
  /** Kept, with its logs, when the stack is deleted. */
  readonly retain: boolean;
  /** Whether the writer sets access-control lists, as CloudFront's logs do. @default false */
  readonly accessControlLists?: boolean;
}

/** A bucket that AWS services write access logs to; they go after ninety days. */
export class LogBucket extends Bucket {
  constructor(scope: Construct, id: string, { name, retain, accessControlLists = false }: LogBucketProps) {
    super(scope, id, {
      bucketName: name,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      objectOwnership: accessControlLists ? ObjectOwnership.BUCKET_OWNER_PREFERRED : ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ expiration: Duration.days(90) }],
      // One that a failed first deployment has made is nobody's, and its name would be in the way of the next.
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
    });
    explain(this, "AwsSolutions-S1", "It holds logs; logging who reads them into another bucket has no end");
  }
}
